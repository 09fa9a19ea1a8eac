"""The installation at a glance, as it is read."""

from uuid import UUID

import pytest

from headrace.domain.ids import new_id
from headrace.domain.states import Reason
from headrace.flow.read.overview import Overview, read_overview
from headrace.store.database import Database
from headrace.store.look import look
from headrace.store.partitions import AHEAD_DAYS
from headrace.store.pausing import Scope, Target, pause
from tests.support.steps import TYPE, accept, accept_many, claim, new_event, paused, store, suspended
from tests.support.storage import Storage


async def overview(database: Database) -> Overview:
    async with database.connection() as connection:
        return await read_overview(connection, database)


async def test_of_nothing_there_is_nothing_to_tell(database: Database) -> None:
    found = await overview(database)

    assert (found.runs, found.paused, found.processes, found.leader) == ([], [], [], None)
    assert (found.sums, found.use.default_rows) == ({}, 0)
    assert found.use.connections >= 1
    assert found.use.partition_days > AHEAD_DAYS
    assert found.server.problems_now() == []


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

    told = {(group.state, group.reason, group.type): group for group in found.runs}
    assert {key: group.count for key, group in told.items()} == {
        ("queued", None, "other"): 2,
        ("running", None, TYPE): 1,
        ("waiting", "retry", TYPE): 2,
    }
    due, retried = told["queued", None, "other"], told["waiting", "retry", TYPE]
    assert due.due == 2
    assert due.oldest_due_seconds == pytest.approx(90.0, abs=20.0)
    assert (retried.due, retried.oldest_due_seconds, retried.retries_soon) == (0, 0.0, 1)
    assert found.sums == {"accepted": 5}


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


async def test_the_leader_is_found_by_what_its_process_says_of_itself(storage: Storage, database: Database) -> None:
    holder = new_id()
    async with database.connection() as connection:
        await look(connection, database, holder, 60.0)
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
        await look(connection, database, holder, 60.0)

    leader = (await overview(database)).leader
    assert leader is not None
    assert (leader.host, leader.pid) == ("test", 1)
    assert leader.age_seconds == pytest.approx(3600.0, abs=60.0)

    storage.rows("UPDATE headrace.leases SET expires = now()")
    assert (await overview(database)).leader is None
    async with database.connection() as connection:
        await look(connection, database, new_id(), 60.0)
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
