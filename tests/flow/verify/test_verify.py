"""Every fault is found, named and explained; what is sound is no fault."""

import asyncio

import pytest

from headrace.domain.faults import Fault
from headrace.domain.ids import new_id
from headrace.flow.verify import Verdict, verify
from headrace.flow.verify.verify import NAMED
from headrace.flow.verify.words import WORDS
from headrace.store.database import Database
from tests.flow.verify.breaking import (
    BREAKAGES,
    Breakage,
    erase_event,
    leave_it_lying,
    let_a_lease_run_out,
    live_through,
    lose_the_run,
)
from tests.support.steps import accept, accept_many, claim, new_event, store, succeeded
from tests.support.storage import Storage


async def examine(database: Database, overdue_seconds: float = 60.0) -> Verdict:
    async with database.connection() as connection:
        return await verify(connection, database, overdue_seconds)


async def faults(database: Database, overdue_seconds: float = 60.0) -> list[Fault]:
    return [found.fault for found in (await examine(database, overdue_seconds)).findings]


async def test_nothing_is_wrong_with_what_is_sound(storage: Storage, database: Database) -> None:
    assert await faults(database) == []
    await live_through(storage, database)

    verdict = await examine(database)

    assert verdict.findings == ()
    ledger = verdict.ledger
    assert ledger.accepted == 8
    finished = ledger.succeeded + ledger.failed + ledger.cancelled
    assert ledger.accepted == ledger.unfinished + finished + ledger.erased
    assert (ledger.unfinished, ledger.failed, ledger.erased) == (5, 1, 0)


async def test_what_was_erased_is_no_fault_and_is_counted_by_the_ledger(storage: Storage, database: Database) -> None:
    _, done = await live_through(storage, database)
    await erase_event(database, done)
    assert (await examine(database)).findings == ()

    storage.rows("INSERT INTO headrace.tallies (state, delta) VALUES ('accepted', -1)")
    verdict = await examine(database)

    assert (verdict.ledger.accepted, verdict.ledger.erased) == (8, 1)
    assert [found.first for found in verdict.findings] == [("accepted: 7 in the ledger, 8 in the tables",)]


@pytest.mark.parametrize("age_seconds", [5, 120])
@pytest.mark.parametrize("who", ["a leader", "a worker"])
async def test_a_lease_that_is_over_counts_from_when_it_could_be_taken_over(
    storage: Storage, database: Database, who: str, age_seconds: int
) -> None:
    due, done = await live_through(storage, database)
    let_a_lease_run_out(storage, due, done)
    if who == "a worker":
        storage.rows("UPDATE headrace.workers SET started = now() - make_interval(secs => %s)", age_seconds)
    else:
        storage.rows(
            "INSERT INTO headrace.leases (post, holder, since, expires)"
            " VALUES ('relay', %s, now() - make_interval(secs => %s), now() + interval '1 min')",
            new_id(),
            age_seconds,
        )

    assert await faults(database) == ([Fault.LEASE_OVER] if age_seconds > 60 else [])


@pytest.mark.parametrize(("breakage", "fault"), BREAKAGES, ids=lambda value: getattr(value, "__name__", ""))
async def test_each_fault_is_found_where_it_is(
    storage: Storage, database: Database, breakage: Breakage, fault: Fault
) -> None:
    due, done = await live_through(storage, database)
    place = breakage(storage, due, done)

    [found] = (await examine(database)).findings

    assert (found.fault, found.count, found.first) == (fault, 1, (place,))
    assert found.problem
    assert found.remedy


async def test_of_many_places_the_first_are_named(storage: Storage, database: Database) -> None:
    ids = await accept_many(database, NAMED + 5)
    storage.rows("DELETE FROM headrace.runs")

    [found] = (await examine(database)).findings

    assert found.count == NAMED + 5
    assert found.first == tuple(str(event_id) for event_id in ids[:NAMED])


async def test_how_long_is_too_long_is_for_the_caller_to_say(storage: Storage, database: Database) -> None:
    leave_it_lying(storage, *await live_through(storage, database))

    assert await faults(database, overdue_seconds=600.0) == []
    assert await faults(database, overdue_seconds=60.0) == [Fault.OVERDUE]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO headrace.paused (scope, name, actor) VALUES ('queue', 'default', 'test')",
        "UPDATE headrace.runs SET format = 2",
        "UPDATE headrace.runs SET since = now()",
        "UPDATE headrace.workers SET started = now()",
        "UPDATE headrace.workers SET types = '{}'",
        "UPDATE headrace.workers SET expires = now()",
    ],
)
async def test_a_run_is_overdue_only_if_somebody_could_have_taken_it(
    storage: Storage, database: Database, change: str
) -> None:
    leave_it_lying(storage, *await live_through(storage, database))

    storage.rows(change)

    assert await faults(database) == []


async def test_it_sees_one_moment_while_events_come_and_go(storage: Storage, database: Database) -> None:
    async def live() -> None:
        worker = storage.add_worker()
        for _ in range(30):
            await accept(database, *(new_event() for _ in range(3)))
            await store(database, *map(succeeded, await claim(database, worker, most=2)))

    living = asyncio.create_task(live())
    while not living.done():
        assert await faults(database) == []
    await living


async def test_it_changes_nothing(storage: Storage, database: Database) -> None:
    due, done = await live_through(storage, database)
    lose_the_run(storage, due, done)

    assert await faults(database) == await faults(database) == [Fault.EVENT_LOST]


def test_every_fault_has_words() -> None:
    assert set(WORDS) == set(Fault)
