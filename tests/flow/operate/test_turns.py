"""Acts that go over many events: in windows, and one at a time."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from headrace.domain.selection import Selection
from headrace.errors import Conflict, Unavailable
from headrace.flow.operate import Acted, Operator
from headrace.flow.operate.operator import LOOKS
from headrace.store.choosing import FIRST
from headrace.store.database import Database
from tests.flow.operate.support import failed, held, only
from tests.support.steps import TYPE, accept_many, store
from tests.support.storage import Storage
from tests.support.waiting import eventually

RARE = Selection(types=["rare"])


def operator_of(database: Database, *, window: int = 2, turn_seconds: float = 10.0) -> Operator:
    return Operator(database, lambda *_: None, "tests", window=window, turn_seconds=turn_seconds)


@pytest.mark.parametrize("act", ["cancel", "replay"])
@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_call_that_finds_nothing_ends_and_says_where_to_go_on(
    storage: Storage, database: Database, act: str, dry_run: bool
) -> None:
    ids = await accept_many(database, 2 * LOOKS + 1)
    [rare] = await held(storage, database, 1, "rare")
    if act == "replay":
        await operator_of(database).cancel(Selection(ids=ids))
        await store(database, failed(rare))

    async def go_on(after: UUID | None) -> Acted:
        assert after is not None
        acted: Acted = await getattr(operator_of(database), act)(RARE, dry_run=dry_run, after=after)
        return acted

    first = await go_on(FIRST)
    assert (first.count, first.next_cursor) == (0, ids[2 * LOOKS - 1])
    rest = await go_on(first.next_cursor)
    assert (rest.count, rest.next_cursor) == (1, None)
    assert rest.by_type == ({"rare": 1} if dry_run else {})


async def test_counting_over_many_events_takes_one_connection_and_what_names_its_event_waits_for_no_turn(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept_many(database, 1)
    operator = operator_of(database)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with psycopg.connect(storage.services.migrate_database_url) as connection:
        connection.execute(storage.sql("LOCK TABLE headrace.events IN ACCESS EXCLUSIVE MODE"))
        counting = [asyncio.create_task(operator.replay(RARE, dry_run=True)) for _ in range(5)]
        await eventually(lambda: storage.value(waiting) == 1, "one of them waits for the table")
        assert (await operator.cancel(only(event_id), dry_run=True)).by_type == {TYPE: 1}
        assert storage.value(waiting) == 1
    assert [acted.count for acted in await asyncio.gather(*counting)] == [0] * 5


async def test_an_act_that_waits_too_long_for_its_turn_is_told_to_come_again(
    storage: Storage, database: Database
) -> None:
    operator = operator_of(database, turn_seconds=0.1)
    with psycopg.connect(storage.services.migrate_database_url) as connection:
        connection.execute(storage.sql("LOCK TABLE headrace.events IN ACCESS EXCLUSIVE MODE"))
        counting = asyncio.create_task(operator.replay(RARE, dry_run=True))
        await eventually(lambda: storage.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1, "it waits")
        with pytest.raises(Unavailable, match="other acts"):
            await operator.cancel(RARE)
    await counting


async def test_an_act_on_what_somebody_else_holds_is_told_so(storage: Storage, database: Database) -> None:
    [event_id] = await accept_many(database, 1)
    with psycopg.connect(storage.services.migrate_database_url) as connection:
        connection.execute(storage.sql("SELECT 1 FROM headrace.runs WHERE event_id = %s FOR UPDATE"), [event_id])
        with pytest.raises(Conflict):
            await operator_of(database).cancel(only(event_id))

    assert (await operator_of(database).cancel(only(event_id))).count == 1
