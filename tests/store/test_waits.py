"""Events and runs that wait for them: they meet, whichever comes first."""

import asyncio
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent, Run
from headrace.domain.ids import new_id, time_of
from headrace.domain.progress import Pause
from headrace.domain.settle import Settled
from headrace.domain.states import Reason
from headrace.store.checkpoints import load_kept
from headrace.store.database import Database
from headrace.store.events import insert_events
from headrace.store.settle import settle
from headrace.store.waits import START, match_events, match_runs, match_some
from tests.support.steps import (
    TYPE,
    accept,
    accept_many,
    awaiting,
    claim,
    new_event,
    paused,
    store,
    succeeded,
    suspended,
)
from tests.support.storage import Storage


async def claimed(storage: Storage, database: Database) -> Run:
    [event_id] = await accept_many(database, 1)
    [run] = [run for run in await claim(database, storage.add_worker()) if run.event_id == event_id]
    return run


async def waiting(storage: Storage, database: Database, *pauses: Pause) -> Run:
    """A run that waits, by default for the payment of order 17."""
    run = await claimed(storage, database)
    await store(database, suspended(run, *(pauses or (awaiting(),))))
    return run


def paid(key: str = "17", **fields: object) -> NewEvent:
    return replace(new_event("order.paid"), match_key=key, **fields)  # type: ignore[arg-type]  # its fields


async def runs_looked(database: Database, *runs: Run) -> list[UUID]:
    async with database.connection() as connection:
        return [woken for woken, _ in await match_runs(connection, database, [run.event_id for run in runs])]


async def events_looked(database: Database, *ids: UUID) -> list[UUID]:
    async with database.connection() as connection:
        return [woken for woken, _ in await match_events(connection, database, ids)]


def arrivals(storage: Storage) -> dict[UUID, UUID | None]:
    return dict(storage.rows("SELECT event_id, arrived FROM headrace.waits"))


def is_due(storage: Storage, run: Run) -> bool:
    row = storage.run(run.event_id)
    return (row["state"], row["reason"]) == ("queued", None) and row["rank"] <= utc_now()


async def test_an_event_that_comes_later_wakes_the_run(storage: Storage, database: Database) -> None:
    run = await waiting(storage, database)
    event = paid()
    await accept(database, event)

    assert await events_looked(database, event.id) == [run.event_id]

    assert is_due(storage, run)
    [again] = await claim(database, storage.add_worker())
    async with database.connection() as connection:
        kept = (await load_kept(connection, database, [again]))[run.event_id]
    assert kept.pauses == ()
    assert (kept.arrivals["payment"].event_id, kept.arrivals["payment"].body) == (event.id, event.body)


async def test_a_wait_that_comes_later_finds_the_first_event(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    first, second = paid(), paid()
    await accept(database, second)
    await accept(database, first)
    await store(database, suspended(run, awaiting()))

    assert await runs_looked(database, run) == [run.event_id]

    assert is_due(storage, run)
    assert arrivals(storage) == {run.event_id: first.id}


async def test_nothing_else_satisfies_a_wait(storage: Storage, database: Database) -> None:
    before = paid()
    run = await waiting(storage, database)
    others = [before, paid("18"), paid(type="order.lost"), paid(tenant="other"), new_event("order.paid")]
    await accept(database, *others)

    assert await events_looked(database, *(event.id for event in others)) == []
    assert await runs_looked(database, run) == []

    assert storage.run(run.event_id)["state"] == "waiting"
    assert arrivals(storage) == {run.event_id: None}


async def test_an_event_satisfies_all_that_wait_for_it_and_keeps_its_place(
    storage: Storage, database: Database
) -> None:
    runs = [await waiting(storage, database) for _ in range(3)]
    first, second = paid(), paid()
    await accept(database, first, second)

    assert set(await events_looked(database, first.id)) == {run.event_id for run in runs}
    assert await events_looked(database, second.id) == []
    assert await runs_looked(database, *runs) == []

    assert set(arrivals(storage).values()) == {first.id}


async def test_of_several_events_at_once_the_first_counts(storage: Storage, database: Database) -> None:
    run = await waiting(storage, database)
    first, second = paid(), paid()
    await accept(database, first, second)

    await events_looked(database, second.id, first.id)

    assert arrivals(storage) == {run.event_id: first.id}


async def test_two_sides_that_commit_at_once_do_not_both_miss(storage: Storage, database: Database) -> None:
    run, event = await claimed(storage, database), paid()

    async with database.connection() as one, database.connection() as other:
        async with one.transaction():
            await settle(one, database, [suspended(run, awaiting())], utc_now(), "release-1")
            async with other.transaction():
                await insert_events(other, database, [event])
        by_event = await match_events(other, database, [event.id])
        by_run = await match_runs(one, database, [run.event_id])

    assert len(by_event) + len(by_run) == 1
    assert is_due(storage, run)


async def test_a_look_waits_for_the_settling_that_is_under_way(storage: Storage, database: Database) -> None:
    """The run waited for its event before, is tried again for another reason, and is set free just now."""
    await waiting(storage, database)
    storage.rows("UPDATE headrace.runs SET rank = now()")
    [run] = await claim(database, storage.add_worker())
    event = paid()
    await accept(database, event)

    async with database.connection() as connection, connection.transaction():
        await settle(connection, database, [suspended(run, awaiting(), paused("nap"))], utc_now(), "release-1")
        looking = asyncio.create_task(events_looked(database, event.id))
        await asyncio.wait({looking}, timeout=0.1)
        assert not looking.done()

    assert await looking == [run.event_id]
    assert is_due(storage, run)


async def test_a_run_that_is_under_way_finds_the_event_at_its_next_attempt(
    storage: Storage, database: Database
) -> None:
    await waiting(storage, database, awaiting(), paused("nap", hours=-1))
    [run] = await claim(database, storage.add_worker())
    event = paid()
    await accept(database, event)
    assert await events_looked(database, event.id) == []
    assert storage.run(run.event_id)["state"] == "running"

    await store(database, suspended(run, awaiting()))

    assert is_due(storage, run)
    assert arrivals(storage) == {run.event_id: event.id}


async def test_a_pause_that_waits_for_something_else_now_forgets_what_arrived(
    storage: Storage, database: Database
) -> None:
    await waiting(storage, database, awaiting(), paused("nap", hours=-1))
    [run] = await claim(database, storage.add_worker())
    event = paid()
    await accept(database, event)
    await events_looked(database, event.id)

    await store(database, suspended(run, awaiting(key="18")))

    assert storage.run(run.event_id)["state"] == "waiting"
    assert arrivals(storage) == {run.event_id: None}


async def test_a_run_that_waits_for_a_retry_is_not_called_early(storage: Storage, database: Database) -> None:
    run = await waiting(storage, database, awaiting(), paused("reply", Reason.RETRY))
    event = paid()
    await accept(database, event)

    assert await events_looked(database, event.id) == []

    assert storage.run(run.event_id)["reason"] == "retry"
    assert set(storage.rows("SELECT node, arrived FROM headrace.waits")) == {("payment", event.id), ("reply", None)}


async def test_a_sweep_goes_round_and_finds_what_nobody_looked_for(storage: Storage, database: Database) -> None:
    runs = [await waiting(storage, database, awaiting(key=str(number))) for number in range(5)]
    await waiting(storage, database, paused("nap"))
    await accept(database, paid("1"), paid("4"))
    place, found, steps = START, list[UUID](), 0

    async with database.connection() as connection:
        while steps == 0 or place != START:
            woken, place = await match_some(connection, database, place, 2)
            found += [event_id for event_id, _ in woken]
            steps += 1

    assert found == [runs[1].event_id, runs[4].event_id]
    assert steps == 3


async def test_many_that_look_at_once_wake_each_run_once(storage: Storage, database: Database) -> None:
    runs = [await waiting(storage, database, awaiting("a", "1"), awaiting("b", "2")) for _ in range(20)]
    events = [paid("1"), paid("2")]
    await accept(database, *events)

    async def sweep() -> list[UUID]:
        async with database.connection() as connection:
            woken, _ = await match_some(connection, database, START, 100)
            return [event_id for event_id, _ in woken]

    looks = [sweep() for _ in range(3)] + [events_looked(database, event.id) for event in events]
    found = await asyncio.gather(*looks, runs_looked(database, *reversed(runs)))

    assert sorted(event_id for part in found for event_id in part) == sorted(run.event_id for run in runs)
    assert set(storage.rows("SELECT node, arrived FROM headrace.waits")) == {("a", events[0].id), ("b", events[1].id)}


@pytest.mark.parametrize("waits_first", [True, False])
async def test_an_event_that_an_older_run_emits_satisfies_a_wait(
    storage: Storage, database: Database, waits_first: bool
) -> None:
    """Its id is older than the run that waits, as its parent's is; it was accepted later."""
    parent, run = await claimed(storage, database), await claimed(storage, database)
    child = paid(id=new_id(time_of(parent.event_id)), parent_id=parent.event_id)
    settled: list[Settled] = [suspended(run, awaiting()), replace(succeeded(parent), emitted=[child])]
    for each in settled if waits_first else reversed(settled):
        await store(database, each)

    if waits_first:
        assert await events_looked(database, child.id) == [run.event_id]
    else:
        assert await runs_looked(database, run) == [run.event_id]
    assert arrivals(storage) == {run.event_id: child.id}


async def test_an_event_that_was_emitted_before_a_run_began_does_not_satisfy_it(
    storage: Storage, database: Database
) -> None:
    parent = await claimed(storage, database)
    child = paid(id=new_id(time_of(parent.event_id)), parent_id=parent.event_id)
    await store(database, replace(succeeded(parent), emitted=[child]))
    storage.rows("UPDATE headrace.results SET finished_at = finished_at - interval '1 s'")

    run = await waiting(storage, database)

    assert await runs_looked(database, run) == []
    assert arrivals(storage) == {run.event_id: None}


def test_a_wait_names_both_a_type_and_a_key_or_neither(storage: Storage) -> None:
    statement = (
        "INSERT INTO headrace.waits (event_id, node, reason, tenant, type) VALUES (%s, 'a', 'wait', 'default', %s)"
    )
    for type_ in (TYPE, None):
        try:
            storage.rows(statement, new_id(), type_)
        except psycopg.errors.CheckViolation:
            continue
        raise AssertionError("the row was taken")
