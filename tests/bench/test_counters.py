import psycopg
import pytest

from bench.counters import Counters, Rows, between, count, start_counting, stored_bytes
from bench.services import running_services
from headrace.store.migrate import migrate


def test_what_lies_between_two_moments() -> None:
    before = Counters(100, 1.0, 5, {"runs": Rows(10, 20, 8)})
    after = Counters(350, 1.5, 9, {"runs": Rows(15, 26, 12), "events": Rows(5, 0, 0)})
    spent = between(before, after)
    assert (spent.log_bytes, spent.statement_seconds, spent.statements) == (250, 0.5, 4)
    assert spent.rows == {"runs": Rows(5, 6, 4), "events": Rows(5, 0, 0)}
    assert (spent.rows_written, spent.rows_inserted) == (20, 10)


@pytest.mark.services
async def test_postgres_counts_what_others_do() -> None:
    async with running_services() as services:
        migrate(services.owner_url, "headrace", services.database_url)
        connecting = psycopg.AsyncConnection.connect(services.superuser_url, autocommit=True)
        async with await connecting as connection:
            await start_counting(connection)
            before = await count(connection)
            sizes = await stored_bytes(connection)
            async with await psycopg.AsyncConnection.connect(services.owner_url) as other:
                await other.execute("INSERT INTO headrace.tallies (state, delta) VALUES ('queued', 0)")
            spent = between(before, await count(connection))
            assert spent.log_bytes > 0
            assert spent.statements >= 1
            assert spent.statement_seconds > 0
            assert (await stored_bytes(connection))["headrace.tallies"] >= sizes["headrace.tallies"] > 0
            assert "headrace.events" in sizes
            assert not any(name.startswith("headrace.events_") for name in sizes)
