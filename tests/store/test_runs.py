"""Claiming: the one gate to a run."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.event import Losses
from headrace.domain.ids import new_id
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Pause, Progress
from headrace.domain.settle import Delayed, Released
from headrace.domain.states import Reason
from headrace.store.body import unpack
from headrace.store.checkpoints import load_kept
from headrace.store.database import Database
from headrace.store.runs import claim_lost, claim_named, give_strays_back, retry_now
from tests.support.steps import TYPE, accept, accept_many, claim, new_event, store
from tests.support.storage import Storage


async def named(database: Database, owner: UUID, *ids: UUID, queue: str = "default") -> set[UUID]:
    async with database.connection() as connection:
        return {run.event_id for run in await claim_named(connection, database, owner, queue, [TYPE], ids)}


async def lost(database: Database, owner: UUID, most: int, *, alone: bool | None) -> set[UUID]:
    async with database.connection() as connection:
        runs = await claim_lost(connection, database, owner, "default", [TYPE], most, alone=alone)
        return {run.event_id for run in runs}


def note_losses(storage: Storage, event_id: UUID, losses: int, unseen: int = 0) -> None:
    statement = "UPDATE headrace.runs SET losses = %s, unseen_losses = %s WHERE event_id = %s"
    storage.rows(statement, losses, unseen, event_id)


async def test_a_claim_writes_the_owner_and_one_attempt_more(storage: Storage, database: Database) -> None:
    event = new_event(subject="hello")
    await accept(database, event)
    worker = storage.add_worker()

    [run] = await claim(database, worker)

    assert (run.event_id, run.owner, run.attempt, unpack(run.packed_body)) == (event.id, worker, 1, event.body)
    assert (run.run_number, run.epoch, run.failures, run.losses) == (1, 1, {}, Losses())
    row = storage.run(event.id)
    assert (row["owner"], row["attempt"], row["state"], row["reason"]) == (worker, 1, "running", None)
    assert row["since"] == run.started_at


async def test_a_run_knows_when_its_first_attempt_began_and_what_it_followed(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 1)
    [first] = await claim(database, storage.add_worker())
    assert (first.begun_at, first.pipeline, first.is_first) == (first.started_at, None, True)
    await store(database, Released(first, Progress(pipeline="tickets 2")))

    [second] = await claim(database, storage.add_worker())

    assert (second.begun_at, second.pipeline, second.is_first) == (first.begun_at, "tickets 2", False)
    assert second.started_at > first.started_at


async def test_the_oldest_due_runs_come_first(storage: Storage, database: Database) -> None:
    ids = await accept_many(database, 5)
    worker = storage.add_worker()

    first = await claim(database, worker, most=2)
    rest = await claim(database, worker)

    assert {run.event_id for run in first} == set(ids[:2])
    assert {run.event_id for run in rest} == set(ids[2:])


async def test_what_is_held_parked_or_not_due_yet_stays(storage: Storage, database: Database) -> None:
    held, later, parked = await accept_many(database, 3)
    worker = storage.add_worker()
    await claim(database, worker, most=1)
    storage.rows("UPDATE headrace.runs SET rank = now() + interval '1 s' WHERE event_id = %s", later)
    storage.rows("UPDATE headrace.runs SET rank = 'infinity' WHERE event_id = %s", parked)

    assert await claim(database, worker) == []
    assert await named(database, worker, held, later, parked) == set()


async def test_runs_of_other_queues_and_of_unknown_types_stay(storage: Storage, database: Database) -> None:
    known = new_event()
    await accept(database, new_event(queue="slow"), new_event("unheard.of"), known)
    worker = storage.add_worker()

    assert [run.event_id for run in await claim(database, worker)] == [known.id]
    assert await claim(database, worker, types=()) == []
    assert len(await claim(database, worker, queue="slow")) == 1


@pytest.mark.parametrize("registered", [True, False])
async def test_a_worker_without_a_lease_claims_nothing(storage: Storage, database: Database, registered: bool) -> None:
    [event_id] = await accept(database, new_event())
    note_losses(storage, (await accept(database, new_event()))[0], 1)
    worker = storage.add_worker() if registered else new_id()
    storage.end_lease(worker)

    assert await claim(database, worker) == []
    assert await named(database, worker, event_id) == set()
    assert await lost(database, worker, 10, alone=None) == set()


async def test_many_claimers_at_once_never_get_one_run_twice(storage: Storage) -> None:
    databases = [storage.open() for _ in range(4)]
    for database in databases:
        await database.open()
    ids = await accept(databases[0], *(new_event() for _ in range(600)))
    taken: Counter[UUID] = Counter()

    async def drain(database: Database, worker: UUID) -> None:
        while runs := await claim(database, worker, most=7):
            taken.update(run.event_id for run in runs)

    try:
        await asyncio.gather(*(drain(databases[number % 4], storage.add_worker()) for number in range(12)))
    finally:
        for database in databases:
            await database.close()

    assert taken == Counter(ids)
    assert storage.value("SELECT count(*) FROM headrace.runs WHERE attempt = 1 AND owner IS NOT NULL") == 600


async def test_a_named_run_is_taken_while_no_older_one_is_due(storage: Storage, database: Database) -> None:
    first, second, third = await accept_many(database, 3)
    worker = storage.add_worker()

    assert await named(database, worker, second, third) == set()
    assert await named(database, worker, first, second) == {first, second}
    assert await named(database, worker, third) == {third}


@pytest.mark.parametrize(
    "change",
    [
        "losses = 1",
        "queue = 'slow'",
        "type = 'unheard.of'",
        "rank = 'infinity', state = 'waiting'",
        "state = 'running', owner = gen_random_uuid()",
    ],
)
async def test_an_older_run_that_this_worker_would_not_take_bars_no_named_one(
    storage: Storage, database: Database, change: str
) -> None:
    older, wanted = await accept_many(database, 2)
    storage.rows(f"UPDATE headrace.runs SET {change} WHERE event_id = %s", older)  # noqa: S608

    assert await named(database, storage.add_worker(), older, wanted) == {wanted}


async def test_ids_of_nothing_and_ids_that_come_twice_do_no_harm(storage: Storage, database: Database) -> None:
    [event_id] = await accept(database, new_event())
    worker = storage.add_worker()

    assert await named(database, worker, new_id(), event_id, event_id) == {event_id}
    assert await named(database, worker, event_id) == set()
    assert await named(database, worker) == set()


async def test_runs_that_lost_workers_are_claimed_apart(storage: Storage, database: Database) -> None:
    sound, once, twice, often = await accept_many(database, 4)
    for event_id, losses in ((once, 1), (twice, 2), (often, 7)):
        note_losses(storage, event_id, losses)
    worker = storage.add_worker()

    assert {run.event_id for run in await claim(database, worker)} == {sound}
    assert await lost(database, worker, 10, alone=False) == {once}
    assert await lost(database, worker, 1, alone=True) == {twice}
    assert await lost(database, worker, 10, alone=True) == {often}


async def test_a_host_that_vanished_unseen_changes_nothing_and_several_send_a_run_apart_and_then_alone(
    storage: Storage, database: Database
) -> None:
    first, *ids = await accept_many(database, 6)
    for event_id, (losses, unseen) in zip(ids, ((2, 2), (4, 4), (4, 3), (5, 5), (3, 1)), strict=True):
        note_losses(storage, event_id, losses, unseen)
    note_losses(storage, first, 1, 1)
    worker = storage.add_worker()

    assert {run.event_id for run in await claim(database, worker)} == {first}
    assert await lost(database, worker, 10, alone=False) == set(ids[:3])
    assert await lost(database, worker, 10, alone=None) == set(ids[3:])


async def test_a_claim_moves_no_index_entry(storage: Storage) -> None:
    worker = storage.add_worker()
    source = storage.open()
    await source.open()
    ids = await accept_many(source, 8)
    await source.close()
    note_losses(storage, ids[0], 1)

    with psycopg.connect(storage.services.database_url, autocommit=True) as connection:
        for statement, argument in (
            ("SELECT headrace.claim_lost(%s, 'default', %s, 1, 5, NULL)", None),
            ("SELECT headrace.claim_named(%s, 'default', %s, 1, %s)", ids[:2]),
            ("SELECT headrace.claim_due(%s, 'default', %s, 1, 100)", None),
        ):
            with connection.transaction():
                given = [worker, [TYPE], argument] if argument else [worker, [TYPE]]
                assert connection.execute(storage.sql(statement), given).rowcount >= 1
                counted = connection.execute(
                    storage.sql(
                        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables "
                        "WHERE relid = 'headrace.runs'::regclass"
                    )
                ).fetchone()
            assert counted is not None
            assert counted[0] == counted[1] > 0


async def test_a_run_that_waits_for_a_retry_or_is_parked_is_made_due_on_request(
    storage: Storage, database: Database
) -> None:
    waiting, parked, queued = await accept_many(database, 3)
    worker = storage.add_worker()
    runs = {run.event_id: run for run in await claim(database, worker, most=1)}
    error = ErrorReport("ValueError", "no")
    later = utc_now() + timedelta(hours=1)
    pauses = (Pause("node", Reason.RETRY, later), Pause("nap", Reason.SLEEP, later + timedelta(hours=1)))
    progress = Progress({"node": 1}, pauses=pauses)
    await store(database, Delayed(runs[waiting], later, Reason.RETRY, progress, "node", error))
    storage.rows(
        "UPDATE headrace.runs SET state = 'waiting', reason = 'no-pipeline', rank = 'infinity' WHERE event_id = %s",
        parked,
    )

    async with database.connection() as connection, connection.transaction():
        assert await retry_now(connection, database, [waiting, parked, queued, new_id()]) == {
            waiting: "default",
            parked: "default",
        }

    again = {run.event_id: run for run in await claim(database, worker)}
    assert again.keys() == {waiting, parked, queued}
    assert (again[waiting].attempt, again[waiting].failures) == (2, {"node": 1})
    async with database.connection() as connection:
        kept = (await load_kept(connection, database, [again[waiting]]))[waiting]
    assert [(pause.node, pause.due < utc_now()) for pause in kept.pauses if pause.due] == [
        ("nap", False),
        ("node", True),
    ]


async def test_strays_are_given_back_and_what_is_held_is_not(storage: Storage, database: Database) -> None:
    mine, others = storage.add_worker(), storage.add_worker()
    ids = await accept_many(database, 4)
    first, second, third = await claim(database, mine, most=3)
    await claim(database, others)
    earlier = replace(second, attempt=second.attempt - 1)

    async with database.connection() as connection:
        strays = await give_strays_back(connection, database, mine, [first, earlier])

    assert strays == {second.event_id, third.event_id}

    assert storage.states(ids) == ["running", "queued", "queued", "running"]
    run = storage.run(third.event_id)
    assert (run["owner"], run["losses"], run["failures"]) == (None, 0, {})
    assert {again.event_id for again in await claim(database, others)} == {second.event_id, third.event_id}
