"""Finding and freeing the runs of processes that are gone."""

from uuid import UUID

import psycopg
import pytest

from headrace.domain.event import Losses
from headrace.domain.ids import new_id
from headrace.domain.settle import Lost
from headrace.store.database import Database
from headrace.store.lost import LostRun, find_lost, free_lost, mark_swept
from headrace.store.runs import lock_runs
from headrace.store.workers import DIED, RENEW, renewal, statement
from tests.support.steps import accept_many, claim, store, succeeded
from tests.support.storage import Storage

ONCE = Lost(Losses(1, 0, 1), spent=False)


async def find(database: Database, *, only_seen: bool = False, most: int = 100) -> list[LostRun]:
    async with database.connection() as connection:
        return await find_lost(connection, database, most, only_seen=only_seen)


async def free(database: Database, *found: LostRun) -> set[UUID]:
    async with database.connection() as connection:
        return await free_lost(connection, database, [(lost, ONCE) for lost in found])


async def sweep(database: Database) -> None:
    async with database.connection() as connection:
        await mark_swept(connection, database)


async def test_runs_of_live_processes_are_not_lost(storage: Storage, database: Database) -> None:
    await accept_many(database, 2)
    dead, live = storage.add_worker(role="isolated"), storage.add_worker()
    [lost] = await claim(database, dead, most=1)
    await claim(database, live)
    storage.end_lease(dead, seen=True)

    [found] = await find(database)

    assert (found.run.event_id, found.run.owner, found.run.attempt) == (lost.event_id, dead, 1)
    assert (found.role, found.death_seen) == ("isolated", True)


async def test_those_whose_end_was_seen_are_found_apart(storage: Storage, database: Database) -> None:
    await accept_many(database, 2)
    seen, unseen = storage.add_worker(), storage.add_worker()
    [first] = await claim(database, seen, most=1)
    [second] = await claim(database, unseen)
    storage.end_lease(seen, seen=True)
    storage.end_lease(unseen)

    assert [lost.run.event_id for lost in await find(database, only_seen=True)] == [first.event_id]
    assert [lost.run.event_id for lost in await find(database)] == [first.event_id, second.event_id]
    assert [lost.run.event_id for lost in await find(database, most=1)] == [first.event_id]


async def test_a_lease_is_not_renewed_while_its_runs_are_taken_over(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    dead = storage.add_worker()
    await claim(database, dead)
    storage.end_lease(dead)
    again = renewal(dead, 60.0, {})

    async with database.connection() as sweeper, database.connection() as worker, sweeper.transaction():
        [found] = await find_lost(sweeper, database, 100)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await worker.execute(statement(RENEW, storage.schema), again)
        await free_lost(sweeper, database, [(found, ONCE)])
        await mark_swept(sweeper, database)

    async with database.connection() as worker:
        assert (await worker.execute(statement(RENEW, storage.schema), again)).rowcount == 0


async def test_a_freed_run_keeps_its_place_and_counts_its_loss(storage: Storage, database: Database) -> None:
    [event_id] = await accept_many(database, 1)
    rank = storage.run(event_id)["rank"]
    dead = storage.add_worker()
    await claim(database, dead)
    storage.end_lease(dead)

    assert await free(database, *await find(database)) == {event_id}

    row = storage.run(event_id)
    assert (row["state"], row["owner"], row["rank"], row["attempt"]) == ("queued", None, rank, 1)
    assert (row["losses"], row["solo_losses"], row["unseen_losses"], row["failures"]) == (1, 0, 1, {})
    assert storage.attempts(event_id) == [(1, "lost", None)]


async def test_an_attempt_that_is_there_already_keeps_no_run_from_being_freed(
    storage: Storage, database: Database
) -> None:
    ids = await accept_many(database, 2)
    dead = storage.add_worker()
    await claim(database, dead)
    storage.end_lease(dead)
    storage.rows(
        "INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, ended_at)"
        " VALUES (%s, 1, 1, 'failed', now())",
        ids[0],
    )

    assert await free(database, *await find(database)) == set(ids)

    assert [storage.attempts(event_id) for event_id in ids] == [[(1, "failed", None)], [(1, "lost", None)]]


async def test_a_run_that_two_find_is_freed_and_counted_once(storage: Storage, database: Database) -> None:
    [event_id] = await accept_many(database, 1)
    dead = storage.add_worker()
    [run] = await claim(database, dead)
    storage.end_lease(dead)
    found = await find(database)

    assert await free(database, *found) == {event_id}
    assert await free(database, *found) == set()
    assert await store(database, succeeded(run)) == set()

    assert storage.run(event_id)["losses"] == 1
    assert storage.attempts(event_id) == [(1, "lost", None)]


async def test_a_run_that_was_settled_meanwhile_is_left_alone(storage: Storage, database: Database) -> None:
    [event_id] = await accept_many(database, 1)
    dead = storage.add_worker()
    [run] = await claim(database, dead)
    storage.end_lease(dead)
    found = await find(database)
    await store(database, succeeded(run))

    assert await free(database, *found) == set()

    assert storage.states([event_id]) == ["succeeded"]
    assert storage.attempts(event_id) == []


async def test_what_a_process_has_locked_that_stands_still_is_freed_later(storage: Storage, database: Database) -> None:
    await accept_many(database, 2)
    still = storage.add_worker()
    locked, free_run = await claim(database, still)
    storage.end_lease(still)

    async with database.connection() as settling, settling.transaction():
        await lock_runs(settling, database, [locked.event_id])
        found = await find(database)
        assert [lost.run.event_id for lost in found] == [free_run.event_id]
        await free(database, *found)
        await sweep(database)

    assert storage.value("SELECT swept FROM headrace.workers") is None
    assert [lost.run.event_id for lost in await find(database)] == [locked.event_id]


async def test_a_transaction_that_stands_still_is_ended_by_the_server(database: Database) -> None:
    async with database.connection() as connection:
        [timeout] = await (await connection.execute("SHOW idle_in_transaction_session_timeout")).fetchone() or [None]

    assert timeout == "5s"


async def test_a_death_is_reported_of_one_launch_alone(storage: Storage, database: Database) -> None:
    launch = new_id()
    dead, _ = storage.add_worker(launch=launch), storage.add_worker(launch=new_id())
    storage.end_lease(dead)

    async with database.connection() as connection:
        await connection.execute(statement(DIED, storage.schema), {"launches": [launch]})

    assert storage.rows("SELECT id FROM headrace.workers WHERE death_seen") == [(dead,)]


async def test_the_dead_are_forgotten_at_a_second_sweep_a_while_after(storage: Storage, database: Database) -> None:
    dead, live = storage.add_worker(), storage.add_worker()
    storage.end_lease(dead)

    await sweep(database)
    await sweep(database)
    assert storage.value("SELECT count(*) FROM headrace.workers") == 2

    storage.rows("UPDATE headrace.workers SET swept = swept - interval '2 min'")
    await sweep(database)
    assert storage.rows("SELECT id FROM headrace.workers") == [(live,)]


async def test_the_dead_that_still_hold_runs_are_not_forgotten(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    dead = storage.add_worker()
    await claim(database, dead)
    storage.end_lease(dead)
    await sweep(database)
    storage.rows("UPDATE headrace.workers SET swept = swept - interval '2 min'")

    await sweep(database)

    assert storage.rows("SELECT id FROM headrace.workers") == [(dead,)]
