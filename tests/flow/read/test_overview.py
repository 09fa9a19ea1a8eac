"""The installation at a glance, as it is read."""

from contextlib import ExitStack
from uuid import UUID

import psycopg
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.states import Reason
from headrace.domain.timing import Timing
from headrace.flow.read import Reader
from headrace.flow.read.overview import Overview, read_overview
from headrace.store.database import Database, limit_statements
from headrace.store.look import look
from headrace.store.overview import MOST_TYPES, Survey
from headrace.store.partitions import AHEAD_DAYS
from headrace.store.pausing import Scope, Target, pause
from headrace.store.schedule_survey import UnservedSchedule
from headrace.store.schedules import begin, insert_schedule
from tests.support.steps import TYPE, accept, accept_many, claim, new_event, paused, store, suspended
from tests.support.storage import Storage


async def overview(database: Database) -> Overview:
    async with database.connection() as connection:
        return await read_overview(connection, database, None)


async def test_of_nothing_there_is_nothing_to_tell(database: Database) -> None:
    found = await overview(database)

    assert (found.runs, found.paused, found.processes, found.leader) == (Survey([], [], [], {}), [], [], None)
    assert (found.sums, found.use.default_rows) == ({}, 0)
    assert found.use.connections >= 1
    assert found.use.partition_days > AHEAD_DAYS
    assert found.server.problems_now() == []


async def test_the_connections_of_all_roles_are_counted(storage: Storage, database: Database) -> None:
    with ExitStack() as others:
        for _ in range(10):
            others.enter_context(psycopg.connect(storage.superuser_url))

        assert (await overview(database)).use.connections > 10


async def test_runs_are_counted_by_state_reason_and_type(storage: Storage, database: Database) -> None:
    await accept_many(database, 3)
    runs = await claim(database, storage.add_worker())
    await store(database, suspended(runs[0], paused("charge", Reason.RETRY, hours=0.5)))
    await store(database, suspended(runs[1], paused("charge", Reason.RETRY, hours=5)))
    await accept(database, new_event("other"), new_event("other"))
    storage.rows(
        "UPDATE headrace.runs SET (rank, since) = (now() - interval '1 h', now() - interval '90 s')"
        " WHERE type = 'other'"
    )

    found = await overview(database)

    told = {(group.state, group.reason): group for group in found.runs.groups}
    assert {key: group.count for key, group in told.items()} == {
        ("queued", None): 2,
        ("running", None): 1,
        ("waiting", "retry"): 2,
    }
    queued, retried = told["queued", None], told["waiting", "retry"]
    assert (queued.due, found.due) == (2, 2)
    assert queued.oldest_seconds == pytest.approx(90.0, abs=20.0)
    assert (retried.due, retried.retries_soon, found.retries_soon) == (0, 1, 1)
    assert found.next_retry_seconds == retried.next_retry_seconds == pytest.approx(1800.0, abs=20.0)
    assert queued.next_retry_seconds is None
    [due] = found.runs.due
    assert (due.type, due.count) == ("other", 2)
    assert due.oldest_seconds == pytest.approx(90.0, abs=20.0)
    assert found.sums == {"accepted": 5}


@pytest.mark.parametrize(
    ("target", "due"),
    [
        (Target(Scope.ALL), {}),
        (Target(Scope.TYPE, "other"), {TYPE: 2}),
        (Target(Scope.QUEUE, "slow"), {TYPE: 1, "other": 1}),
        (Target(Scope.TYPE, "slow"), {TYPE: 2, "other": 1}),
    ],
)
async def test_what_is_paused_is_not_due(database: Database, target: Target, due: dict[str, int]) -> None:
    await accept(database, new_event(), new_event(queue="slow"), new_event("other"))
    async with database.connection() as connection:
        await pause(connection, database, target, "tests")

    found = await overview(database)

    assert {group.type: group.count for group in found.runs.due} == due
    assert found.due == sum(due.values())


async def test_however_many_types_there_are_few_are_told(storage: Storage, database: Database) -> None:
    await accept(database, *(new_event(f"due.{number}") for number in range(MOST_TYPES + 5)))
    storage.rows(
        "UPDATE headrace.runs SET (rank, since) = (rank - interval '9 s', since - interval '9 s') WHERE type = 'due.29'"
    )
    await accept(database, *(new_event(f"parked.{number}") for number in range(MOST_TYPES + 5)))
    await accept(database, new_event("parked.29"), new_event("newer"))
    park = "UPDATE headrace.runs SET (state, reason, rank) = ('waiting', %s, 'infinity') WHERE type LIKE %s"
    storage.rows(park, Reason.NO_PIPELINE, "parked.%")
    storage.rows(park, Reason.NEWER_RELEASE, "newer")

    runs = (await overview(database)).runs

    assert (len(runs.due), runs.due[0].type) == (MOST_TYPES, "due.29")
    assert len(runs.parked) == MOST_TYPES
    parked = {(group.type, group.reason): group.count for group in runs.parked}
    assert (parked["parked.29", "no-pipeline"], parked["newer", "newer-release"]) == (2, 1)
    assert sum(group.count for group in runs.groups) == 2 * MOST_TYPES + 12


async def test_what_cannot_be_counted_in_time_is_left_out(storage: Storage, database: Database) -> None:
    reader = Reader(database)
    with psycopg.connect(storage.services.migrate_database_url) as holder:
        holder.execute(storage.sql("LOCK TABLE headrace.runs IN ACCESS EXCLUSIVE MODE"))
        assert await reader.overview() is None
    assert await reader.overview() is not None


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(database: Database) -> None:
    async with database.connection() as connection:
        async with connection.transaction(force_rollback=True):
            await limit_statements(connection, 0.05)
            with pytest.raises(psycopg.errors.QueryCanceled):
                await connection.execute("SELECT pg_sleep(60)")
        await connection.execute("SELECT")


async def test_processes_are_shown_while_they_live_or_hold_runs(storage: Storage, database: Database) -> None:
    await accept_many(database, 2)
    dead, gone, alive = storage.add_worker(), storage.add_worker(), storage.add_worker(role="isolated")
    await claim(database, dead)
    for worker in (dead, gone):
        storage.end_lease(worker)

    shown = {process.id: process for process in (await overview(database)).processes}

    assert {id_: (process.alive, process.holds) for id_, process in shown.items()} == {
        dead: (False, 2),
        alive: (True, 0),
    }
    assert shown[alive].role == "isolated"
    assert shown[alive].heard_seconds is not None
    assert [(held.type, held.count) for held in shown[dead].held] == [(TYPE, 2)]
    assert not shown[alive].held


async def test_of_what_a_process_holds_the_types_that_it_holds_for_the_longest_are_told(
    storage: Storage, database: Database
) -> None:
    types = ["first", "second", "third", "fourth"]
    await accept(database, *(new_event(type_) for type_ in types for _ in range(2)))
    await claim(database, storage.add_worker(), types=types)
    for minutes, type_ in enumerate(reversed(types)):
        storage.rows("UPDATE headrace.runs SET since = now() - %s * interval '1 min' WHERE type = %s", minutes, type_)

    [process] = (await overview(database)).processes

    assert process.holds == 8
    assert [(held.type, held.count) for held in process.held] == [("first", 2), ("second", 2), ("third", 2)]
    assert process.held[0].oldest_seconds == pytest.approx(180.0, abs=20.0)


async def test_the_leader_is_found_by_what_its_process_says_of_itself(storage: Storage, database: Database) -> None:
    holder = new_id()
    async with database.connection() as connection:
        await look(connection, database, holder, 60.0, 1.0)
    unknown = (await overview(database)).leader
    assert unknown is not None
    assert (unknown.host, unknown.pid) == (None, None)

    relay = storage.add_worker(role="relay", queues=())
    storage.rows(
        "UPDATE headrace.workers SET measures = jsonb_build_object('holder', %s::text) WHERE id = %s",
        str(holder),
        relay,
    )
    storage.rows("UPDATE headrace.leases SET since = now() - interval '1 h'")
    async with database.connection() as connection:
        await look(connection, database, holder, 60.0, 1.0)

    leader = (await overview(database)).leader
    assert leader is not None
    assert (leader.host, leader.pid) == ("test", 1)
    assert leader.age_seconds == pytest.approx(3600.0, abs=60.0)

    storage.rows("UPDATE headrace.leases SET expires = now()")
    assert (await overview(database)).leader is None
    async with database.connection() as connection:
        await look(connection, database, new_id(), 60.0, 1.0)
    other = (await overview(database)).leader
    assert other is not None
    assert other.age_seconds < 60.0


async def test_pauses_and_rows_outside_of_the_partitions_are_told(storage: Storage, database: Database) -> None:
    async with database.connection() as connection:
        await pause(connection, database, Target(Scope.TYPE, TYPE), "me")
    await accept(database, new_event(id=UUID(int=1)))

    found = await overview(database)

    assert [(each.target.name, each.actor) for each in found.paused] == [(TYPE, "me")]
    assert found.use.default_rows == 1


async def test_schedules_are_counted_and_those_that_nobody_serves_named(storage: Storage, database: Database) -> None:
    hourly = Timing.model_validate({"every": "1h"})
    async with database.connection() as connection:
        for name, event in (("a", new_event()), ("b", new_event("other")), ("c", new_event(queue="slow"))):
            schedule = begin(name, hourly, event, utc_now())
            await insert_schedule(connection, database, "default", schedule)
    assert (await overview(database)).schedules.unserved == []
    storage.add_worker(types={TYPE: "1"})

    found = (await overview(database)).schedules

    assert (found.count, found.paused, found.vanished) == (3, 0, 0)
    assert found.due_seconds is not None
    assert -3600 <= found.due_seconds < -3000
    assert found.unserved == [UnservedSchedule("b", "other", "default"), UnservedSchedule("c", TYPE, "slow")]
