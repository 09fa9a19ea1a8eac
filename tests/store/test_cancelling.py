"""Cancelling runs that somebody holds, or held."""

from headrace.domain.clock import utc_now
from headrace.domain.progress import Progress
from headrace.domain.settle import Released
from headrace.store.cancelling import cancel, cancel_unheld
from headrace.store.database import Database
from headrace.store.replaying import replay
from headrace.store.runs import claim_due, lock_runs
from headrace.store.settle import settle
from tests.support.steps import TYPE, accept_many, claim, store, succeeded
from tests.support.storage import Storage


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
            await cancel_unheld(other, database)
        await cancel_unheld(other, database)

    row = storage.run(event_id)
    assert (row["state"], row["run_number"]) == ("queued", 2)
    assert storage.value("SELECT count(*) FROM headrace.cancellations") == 0


async def test_the_relay_waits_for_nobody_who_has_locked_a_run_or_what_was_asked_of_it(
    storage: Storage, database: Database
) -> None:
    locked, free, over = await accept_many(database, 3)
    runs = await claim(database, storage.add_worker())
    async with database.connection() as connection, connection.transaction():
        await cancel(connection, database, [locked, free, over], "test")
    await store(database, *(succeeded(run) if run.event_id == over else Released(run, Progress()) for run in runs))
    asked = "SELECT event_id FROM headrace.cancellations ORDER BY event_id"

    async with database.connection() as connection, database.connection() as other:
        async with connection.transaction():
            await lock_runs(connection, database, [locked])
            touch = storage.sql("UPDATE headrace.cancellations SET actor = 'other' WHERE event_id = %s")
            await connection.execute(touch, [over])
            await cancel_unheld(other, database)
            assert storage.states([locked, free]) == ["queued", "cancelled"]
            assert storage.rows(asked) == [(locked,), (over,)]
        await cancel_unheld(other, database)

    assert storage.states([locked, free, over]) == ["cancelled", "cancelled", "succeeded"]
    assert storage.rows(asked) == []
