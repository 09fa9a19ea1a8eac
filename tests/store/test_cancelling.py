"""Cancelling runs that somebody holds, or held."""

import asyncio

from headrace.domain.clock import utc_now
from headrace.domain.progress import Progress
from headrace.domain.settle import Released
from headrace.store.cancelling import cancel, cancel_unheld
from headrace.store.database import Database
from headrace.store.replaying import replay
from headrace.store.runs import claim_due
from headrace.store.settle import settle
from tests.support.steps import TYPE, accept_many, claim, store, succeeded
from tests.support.storage import Storage
from tests.support.waiting import eventually


async def test_a_run_that_a_replay_has_begun_meanwhile_is_not_cancelled_in_place_of_the_one_before(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept_many(database, 1)
    worker = storage.add_worker()
    [run] = await claim(database, worker)
    async with database.connection() as connection, connection.transaction():
        await cancel(connection, database, [event_id], "test")
    await store(database, Released(run, Progress()))

    async with database.connection() as connection, database.connection() as other:
        async with connection.transaction():
            [again] = await claim_due(connection, database, worker, "default", [TYPE], 1)
            await settle(connection, database, [succeeded(again)], utc_now(), "release-1")
            await replay(connection, database, [event_id], goes_on=False)
            relay = asyncio.create_task(cancel_unheld(other, database))
            await eventually(lambda: is_blocked(storage, other.info.backend_pid), "the relay waits for the run")
        await relay

    row = storage.run(event_id)
    assert (row["state"], row["run_number"]) == ("queued", 2)
    assert storage.value("SELECT count(*) FROM headrace.cancellations") == 0


def is_blocked(storage: Storage, pid: int) -> bool:
    return bool(storage.value("SELECT cardinality(pg_blocking_pids(%s)) > 0", pid))
