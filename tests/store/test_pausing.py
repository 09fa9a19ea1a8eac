"""What is paused is claimed by nobody, and set aside until it is resumed."""

import pytest

from headrace.domain.event import NewEvent
from headrace.store.database import Database
from headrace.store.parking import Serving, park, unpark
from headrace.store.pausing import Paused, Scope, Target, is_known, list_paused, pause, resume
from headrace.store.runs import FORMAT, claim_lost, claim_named
from tests.support.steps import TYPE, accept, claim, new_event
from tests.support.storage import Storage

EVERYTHING = Target(Scope.ALL)


async def hold_back(database: Database, *targets: Target) -> list[bool]:
    async with database.connection() as connection:
        return [await pause(connection, database, target, "tests") for target in targets]


async def let_go(database: Database, target: Target) -> int:
    async with database.connection() as connection:
        return await resume(connection, database, target)


async def claimed(storage: Storage, database: Database) -> set[str]:
    """What a worker of both queues and types gets: the queue and the type of each run."""
    worker, types = storage.add_worker(), [TYPE, "other"]
    runs = [run for queue in ("default", "slow") for run in await claim(database, worker, types=types, queue=queue)]
    return {f"{run.queue} {run.type}" for run in runs}


def one_of_each() -> list[NewEvent]:
    return [new_event(type_, queue=queue) for queue in ("default", "slow") for type_ in (TYPE, "other")]


@pytest.mark.parametrize(
    ("target", "free"),
    [
        (EVERYTHING, set()),
        (Target(Scope.QUEUE, "slow"), {f"default {TYPE}", "default other"}),
        (Target(Scope.TYPE, "other"), {f"default {TYPE}", f"slow {TYPE}"}),
        (
            Target(Scope.TYPE, "nobody's"),
            {f"{queue} {type_}" for queue in ("default", "slow") for type_ in (TYPE, "other")},
        ),
    ],
)
async def test_what_is_paused_is_not_claimed_from_the_next_claim_on(
    storage: Storage, database: Database, target: Target, free: set[str]
) -> None:
    await accept(database, *one_of_each())
    await hold_back(database, target)

    assert await claimed(storage, database) == free

    await let_go(database, target)
    everything = {f"{queue} {type_}" for queue in ("default", "slow") for type_ in (TYPE, "other")}
    assert free | await claimed(storage, database) == everything


@pytest.mark.parametrize("target", [EVERYTHING, Target(Scope.QUEUE, "slow"), Target(Scope.TYPE, "other")])
async def test_a_pause_outlives_the_process_that_asked_for_it(storage: Storage, target: Target) -> None:
    asking, another = storage.open(), storage.open()
    await asking.open()
    await accept(asking, new_event("other", queue="slow"))
    await hold_back(asking, target)
    await asking.close()

    await another.open()
    assert await claimed(storage, another) == set()
    await let_go(another, target)
    assert await claimed(storage, another) == {"slow other"}
    await another.close()


async def test_neither_a_named_run_nor_one_that_lost_a_worker_is_claimed(storage: Storage, database: Database) -> None:
    named, lost = await accept(database, new_event(), new_event())
    storage.rows("UPDATE headrace.runs SET losses = 1 WHERE event_id = %s", lost)
    await hold_back(database, Target(Scope.TYPE, TYPE))
    worker = storage.add_worker()

    async with database.connection() as connection:
        assert await claim_named(connection, database, worker, "default", [TYPE, "other"], [named]) == []
        assert await claim_lost(connection, database, worker, "default", [TYPE, "other"], 9, alone=None) == []


async def test_a_target_is_paused_once_and_resuming_everything_ends_every_pause(database: Database) -> None:
    slow, other = Target(Scope.QUEUE, "slow"), Target(Scope.TYPE, "other")

    assert await hold_back(database, slow, other, slow) == [True, True, False]
    async with database.connection() as connection:
        listed = await list_paused(connection, database)
    assert [(paused.target, paused.actor) for paused in listed] == [(slow, "tests"), (other, "tests")]
    assert await let_go(database, Target(Scope.TYPE, "slow")) == 0
    assert await let_go(database, EVERYTHING) == 2


@pytest.mark.parametrize(
    ("paused", "parked"),
    [
        (Paused(everything=True), 2),
        (Paused(queues=frozenset({"default"})), 2),
        (Paused(queues=frozenset({"slow"})), 0),
        (Paused(types=frozenset({"other"})), 1),
    ],
)
async def test_what_is_paused_is_set_aside_and_brought_back(
    storage: Storage, database: Database, paused: Paused, parked: int
) -> None:
    await accept(database, new_event(), new_event("other"))
    served, formats = {"default": {TYPE: ["1"], "other": ["1"]}}, {"default": FORMAT}

    async with database.connection() as connection:
        assert await park(connection, database, "default", Serving(served, formats, paused), 100) == parked
        reasons = storage.rows("SELECT reason, since <= now() FROM headrace.runs WHERE state = 'waiting'")
        assert reasons == [("paused", True)] * parked
        assert await unpark(connection, database, "default", Serving(served, formats, paused), 100) == 0
        assert await unpark(connection, database, "default", Serving(served, formats), 100) == parked

    assert await claimed(storage, database) == {f"default {TYPE}", "default other"}


async def test_a_type_or_queue_is_known_by_a_live_worker_or_a_run(storage: Storage, database: Database) -> None:
    names = ["served", "dead", "waiting", "nowhere"]
    storage.add_worker(types={"served": "1"}, queues=("served",))
    storage.end_lease(storage.add_worker(types={"dead": "1"}, queues=("dead",)))
    await accept(database, new_event("waiting", queue="waiting"))

    async with database.connection() as connection:
        for scope in (Scope.TYPE, Scope.QUEUE):
            known = [await is_known(connection, database, Target(scope, name)) for name in names]
            assert known == [True, False, True, False]
        assert await is_known(connection, database, EVERYTHING)


async def test_runs_in_a_newer_form_are_left_to_newer_workers(storage: Storage, database: Database) -> None:
    [event_id] = await accept(database, new_event())
    storage.rows("UPDATE headrace.runs SET format = %s", FORMAT + 1)
    served = {"default": {TYPE: ["1"]}}

    assert await claimed(storage, database) == set()
    async with database.connection() as connection:
        assert await park(connection, database, "default", Serving(served, {"default": FORMAT}), 100) == 1
        assert storage.run(event_id)["reason"] == "newer-release"
        assert await unpark(connection, database, "default", Serving(served, {"default": FORMAT}), 100) == 0
        assert await unpark(connection, database, "default", Serving(served, {"default": FORMAT + 1}), 100) == 1
