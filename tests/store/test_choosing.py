"""How much is read to choose events: the tables may be large, and their statistics old."""

import pytest

from headrace.domain.ids import new_id
from headrace.domain.selection import Selection
from headrace.store.choosing import FIRST, choose_replayable, choose_unfinished, count_replayable, count_unfinished
from headrace.store.database import Connection, Database
from tests.support.storage import Storage

#: Events there are, and those that are looked at.
STORED, WINDOW = 5000, 100

_EVENTS = (
    "INSERT INTO headrace.events (id, tenant, type, queue, body) SELECT unnest(%s::uuid[]), 'default', 't', 'q', ''"
)

_RESULTS = """
INSERT INTO headrace.results (event_id, run_number, epoch, tenant, type, state, attempt, finished_at)
SELECT id, 1, 1, tenant, type, 'failed', 1, now() FROM headrace.events
"""

_RUNS = "INSERT INTO headrace.runs (event_id, tenant, type, queue) SELECT id, tenant, type, queue FROM headrace.events"

_READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) FROM pg_stat_xact_user_tables WHERE schemaname = %s
"""


async def rows_read(connection: Connection, schema: str) -> int:
    """Rows that the connection has read so far, at least in this transaction."""
    [number] = await (await connection.execute(_READ, [schema])).fetchone() or [0]
    return int(number)


@pytest.mark.parametrize("selection", [Selection(everything=True), Selection(codes=["rare"])], ids=["all", "rare"])
@pytest.mark.parametrize("is_analyzed", [True, False])
async def test_a_look_reads_its_window_alone(
    storage: Storage, database: Database, is_analyzed: bool, selection: Selection
) -> None:
    storage.rows(_EVENTS, [new_id() for _ in range(STORED)])
    storage.rows(_RESULTS)
    storage.rows(_RUNS)
    for table in ("events", "results", "runs") if is_analyzed else ():
        storage.rows(f"ANALYZE headrace.{table}")

    for count in (count_replayable, count_unfinished):
        async with database.connection() as connection, connection.transaction():
            before = await rows_read(connection, database.schema)
            _, cursor = await count(connection, database, selection, FIRST, WINDOW)
            assert cursor is not None
            assert await rows_read(connection, database.schema) - before <= 4 * WINDOW
    for choose in (choose_replayable, choose_unfinished):
        async with database.connection() as connection, connection.transaction():
            before = await rows_read(connection, database.schema)
            chosen, _ = await choose(connection, database, selection, FIRST, 10, WINDOW)
            assert len(chosen) == (10 if selection.everything else 0)
            assert await rows_read(connection, database.schema) - before <= 4 * WINDOW
