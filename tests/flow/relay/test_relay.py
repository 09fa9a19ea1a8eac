"""The relay: what nobody holds is looked after, by one of many."""

from uuid import UUID

import pytest

from chaos.proxy import Proxy
from headrace.domain.settle import Parked, Policy
from headrace.domain.states import Reason
from headrace.store.database import Database
from headrace.store.look import FEW_TALLIES, LostDue
from tests.support.stages import Lead, relaying
from tests.support.steps import TYPE, accept, accept_many, awaiting, claim, new_event, store, succeeded, suspended
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: Longer than any test takes.
EVER_SECONDS = 3600.0


def leader(storage: Storage) -> UUID | None:
    """Who leads now."""
    found = storage.rows("SELECT holder FROM headrace.leases WHERE post = 'relay' AND expires > now()")
    return found[0][0] if found else None


async def leads(storage: Storage, lead: Lead) -> None:
    await eventually(lambda: leader(storage) == lead.holder, "this relay leads")


async def lost_run(storage: Storage, database: Database, *, seen: bool, losses: str = "", role: str = "worker") -> UUID:
    """A run whose process is gone; `losses` assigns what it lost before."""
    [event_id] = await accept_many(database, 1)
    if losses:
        storage.rows(f"UPDATE headrace.runs SET {losses} WHERE event_id = %s", event_id)  # noqa: S608
    worker = storage.add_worker(role=role)
    take = "UPDATE headrace.runs SET owner = %s, state = 'running', attempt = 1 WHERE event_id = %s"
    storage.rows(take, worker, event_id)
    storage.end_lease(worker, seen=seen)
    return event_id


async def is_freed(storage: Storage, event_id: UUID) -> None:
    await eventually(lambda: storage.states([event_id]) == ["queued"], "the run is free")


async def test_one_leads_and_hands_over_when_it_ends(storage: Storage, database: Database) -> None:
    storage.add_worker(types={TYPE: "1"})
    await accept(database, new_event())
    storage.rows("UPDATE headrace.runs SET losses = 1")
    async with relaying(storage) as first:
        await leads(storage, first)
        async with relaying(storage) as second:
            await eventually(lambda: bool(second.lost_due), "the second has looked, too")
            assert leader(storage) == first.holder
            assert second.told == []
            first.relay.stop()
            await leads(storage, second)

    assert storage.rows("SELECT * FROM headrace.leases") == []


async def test_a_leader_that_vanished_is_replaced_when_its_lease_runs_out(storage: Storage) -> None:
    with Proxy(storage.services.database_url) as proxy:
        async with relaying(storage, url=proxy.url) as vanished:
            await leads(storage, vanished)
            proxy.hold()
            async with relaying(storage) as successor:
                await leads(storage, successor)
            proxy.release()


async def test_a_relay_outlives_a_database_that_is_away(storage: Storage, database: Database) -> None:
    with Proxy(storage.services.database_url) as proxy:
        async with relaying(storage, url=proxy.url) as lead:
            await leads(storage, lead)
            proxy.refuse()
            await eventually(lambda: proxy.refused > 0, "a pass failed")
            proxy.admit()
            event_id = await lost_run(storage, database, seen=False)
            await is_freed(storage, event_id)


async def test_a_leader_that_stood_still_lets_workers_renew_before_it_calls_them_dead(
    storage: Storage, database: Database
) -> None:
    lease_holds = "SELECT expires > now() FROM headrace.leases"
    with Proxy(storage.services.database_url) as proxy:
        async with relaying(storage, url=proxy.url, settle_in_seconds=1.0) as lead:
            await leads(storage, lead)
            proxy.hold()
            await eventually(lambda: not storage.value(lease_holds), "it stood still for longer than it leads")
            unseen = await lost_run(storage, database, seen=False)
            seen = await lost_run(storage, database, seen=True)
            proxy.release()
            await eventually(lambda: storage.all_are("queued", [unseen, seen]), "both runs are free")

    ended = "SELECT ended_at FROM headrace.attempts WHERE event_id = %s"
    assert storage.value(ended, seen) < storage.value(ended, unseen)


async def test_a_run_whose_process_vanished_unseen_is_freed_and_counted_so(
    storage: Storage, database: Database
) -> None:
    event_id = await lost_run(storage, database, seen=False)

    async with relaying(storage):
        await is_freed(storage, event_id)

    run = storage.run(event_id)
    assert (run["losses"], run["solo_losses"], run["unseen_losses"]) == (1, 0, 1)
    assert storage.attempts(event_id) == [(1, "lost", None)]


async def test_a_seen_death_of_many_at_once_is_charged_to_none(storage: Storage, database: Database) -> None:
    event_id = await lost_run(storage, database, seen=True, losses="losses = 3, solo_losses = 2")

    async with relaying(storage):
        await is_freed(storage, event_id)

    run = storage.run(event_id)
    assert (run["losses"], run["solo_losses"], run["unseen_losses"]) == (4, 2, 0)


async def test_a_seen_death_of_a_process_with_one_run_is_charged_to_it(storage: Storage, database: Database) -> None:
    event_id = await lost_run(storage, database, seen=True, losses="losses = 2", role="alone")

    async with relaying(storage):
        await is_freed(storage, event_id)

    assert storage.run(event_id)["solo_losses"] == 1


async def test_a_new_leader_takes_over_at_once_only_from_those_that_were_seen_to_die(
    storage: Storage, database: Database
) -> None:
    unseen = await lost_run(storage, database, seen=False)
    seen = await lost_run(storage, database, seen=True)

    async with relaying(storage, settle_in_seconds=EVER_SECONDS):
        await is_freed(storage, seen)

    assert storage.states([unseen]) == ["running"]


async def test_a_run_whose_owner_was_forgotten_is_freed(storage: Storage, database: Database) -> None:
    event_id = await lost_run(storage, database, seen=False)
    storage.rows("DELETE FROM headrace.workers")

    async with relaying(storage):
        await is_freed(storage, event_id)

    assert storage.run(event_id)["unseen_losses"] == 1


async def test_a_spent_budget_fails_the_event(storage: Storage, database: Database) -> None:
    solo = await lost_run(storage, database, seen=True, losses="losses = 6, solo_losses = 4", role="alone")
    unseen = await lost_run(storage, database, seen=False, losses="losses = 49, unseen_losses = 49")

    async with relaying(storage):
        await eventually(lambda: storage.all_are("failed", [solo, unseen]), "both failed")

    result = storage.result(solo)
    assert (result["reason"], result["attempt"], result["task_context"]) == ("worker-lost", 1, None)
    assert (result["error"]["type"], result["error"]["code"]) == ("WorkerLost", "worker-lost")
    assert "7 times" in result["error"]["message"]
    assert storage.attempts(solo) == [(1, "lost", None)]
    assert storage.value("SELECT sum(delta) FROM headrace.tallies WHERE state = 'failed'") == 2


async def test_a_budget_is_a_setting_of_the_policy(storage: Storage, database: Database) -> None:
    event_id = await lost_run(storage, database, seen=False)

    async with relaying(storage, policy=Policy(unseen_losses=1)):
        await eventually(lambda: storage.states([event_id]) == ["failed"], "it failed")


async def test_events_without_a_pipeline_are_set_aside_until_a_worker_has_it(
    storage: Storage, database: Database
) -> None:
    storage.add_worker(types={"another": "1"})
    [event_id] = await accept(database, new_event())

    async with relaying(storage):
        await eventually(lambda: storage.states([event_id]) == ["waiting"], "it is set aside")
        assert storage.run(event_id)["reason"] == "no-pipeline"
        storage.add_worker(types={TYPE: "1"})
        await is_freed(storage, event_id)

    assert len(await claim(database, storage.add_worker())) == 1


async def test_events_wait_in_their_place_while_no_worker_lives(storage: Storage, database: Database) -> None:
    ids = [*await accept_many(database, 2), await lost_run(storage, database, seen=False)]

    async with relaying(storage):
        await is_freed(storage, ids[2])
        await eventually(lambda: leader(storage) is not None, "a pass is done")

    assert storage.all_are("queued", ids)


async def test_an_event_that_did_not_fit_comes_back_once_for_another_schema(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept(database, new_event())
    [run] = await claim(database, storage.add_worker())
    await store(database, Parked(run, Reason.SCHEMA_MISMATCH, "old"))
    storage.add_worker(types={TYPE: "old"})

    async with relaying(storage) as lead:
        await leads(storage, lead)
        assert storage.states([event_id]) == ["waiting"]
        new = storage.add_worker(types={TYPE: "new"})
        await is_freed(storage, event_id)
        [again] = await claim(database, new)
        await store(database, Parked(again, Reason.SCHEMA_MISMATCH, "new"))
        sign = await lost_run(storage, database, seen=True)
        await is_freed(storage, sign)

    assert storage.states([event_id]) == ["waiting"]


async def test_workers_are_woken_for_each_queue_with_due_runs(storage: Storage, database: Database) -> None:
    storage.add_worker(queues=("default", "slow", "idle"), types={TYPE: "1"})
    await accept(database, new_event(), new_event(queue="slow"), new_event(queue="unserved"))

    async with relaying(storage) as lead:
        await eventually(lambda: {queue for queue, _ in lead.told} == {"default", "slow"}, "both are woken")
        assert {tuple(ids) for _, ids in lead.told} == {()}


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ("losses = 1, unseen_losses = 1", LostDue(1, 0)),
        ("losses = 2", LostDue(0, 1)),
    ],
)
async def test_a_process_apart_is_asked_for_when_lost_runs_are_due(
    storage: Storage, database: Database, losses: str, expected: LostDue
) -> None:
    storage.add_worker(types={TYPE: "1"})
    [sound] = await accept_many(database, 1)

    async with relaying(storage) as lead:
        await leads(storage, lead)
        assert set(lead.lost_due) <= {LostDue(0, 0)}
        event_id = await lost_run(storage, database, seen=False, losses=losses)
        await eventually(lambda: lead.lost_due[-1] == expected, "a process apart is asked for")

    assert storage.all_are("queued", [sound, event_id])


async def test_the_ledger_is_folded_and_partitions_are_made_ahead(storage: Storage, database: Database) -> None:
    for _ in range(FEW_TALLIES + 1):
        await accept(database, new_event())
    week = storage.value("""SELECT to_char((now() + interval '14 days') AT TIME ZONE 'UTC', 'IYYY"w"IW')""")
    storage.rows(f"DROP TABLE headrace.events_{week}")
    missing = f"SELECT to_regclass('headrace.events_{week}') IS NULL"

    async with relaying(storage):
        await eventually(lambda: not storage.value(missing), "the partition is made")

    assert storage.rows("SELECT state, delta FROM headrace.tallies") == [("accepted", FEW_TALLIES + 1)]


async def test_an_event_and_a_wait_that_missed_each_other_are_brought_together(
    storage: Storage, database: Database
) -> None:
    storage.add_worker(types={TYPE: "1", "order.paid": "1"})
    [event_id] = await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    await accept(database, new_event("order.paid", match_key="17"))
    await store(database, suspended(run, awaiting()))

    async with relaying(storage) as lead:
        await eventually(lambda: ("default", [event_id]) in lead.told, "the workers are told")

    assert storage.states([event_id]) == ["queued"]


async def test_without_a_search_copy_nobody_is_told_what_has_changed(storage: Storage, database: Database) -> None:
    await accept(database, new_event())
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))
    waiting = "SELECT event_id, version FROM headrace.projections"
    assert storage.rows(waiting) == [(run.event_id, 2)]

    async with relaying(storage):
        await eventually(lambda: storage.rows(waiting) == [], "it is forgotten")
