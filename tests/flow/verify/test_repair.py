"""What is safe to put right is put right and audited; the rest is refused."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.faults import Fault
from headrace.domain.progress import Progress
from headrace.flow.execute.completer import Completer
from headrace.flow.verify import Repair, repair, verify
from headrace.store.database import Database
from tests.flow.verify.breaking import (
    Breakage,
    erase_event,
    forget_the_owner,
    forget_to_tally,
    keep_a_note,
    keep_a_wait,
    keep_the_run,
    live_through,
    lose_an_earlier_result,
    lose_the_event_of_a_run,
    lose_the_run,
)
from tests.support.stages import complete
from tests.support.steps import accept, accept_many, claim, new_event, succeeded
from tests.support.storage import Storage
from tests.support.waiting import eventually

_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"


async def mend(database: Database, *, dry_run: bool = False) -> Sequence[Repair]:
    async with database.connection() as connection:
        return await repair(connection, database, "test", dry_run=dry_run)


async def faults(database: Database) -> list[Fault]:
    async with database.connection() as connection:
        return [found.fault for found in (await verify(connection, database)).findings]


def audited(storage: Storage) -> list[tuple[object, ...]]:
    return storage.rows("SELECT actor, act, detail ->> 'fault', (detail ->> 'count')::int FROM headrace.audit")


@pytest.mark.parametrize("breakage", [lose_the_run, keep_the_run, forget_to_tally, keep_a_wait, keep_a_note])
async def test_what_is_safe_is_put_right_and_audited(storage: Storage, database: Database, breakage: Breakage) -> None:
    due, done = await live_through(storage, database)
    breakage(storage, due, done)
    [fault] = await faults(database)

    [tried] = await mend(database, dry_run=True)
    assert (await faults(database), audited(storage)) == ([fault], [])

    [mended] = await mend(database)
    assert mended == tried
    assert (mended.fault, len(mended.done), mended.refused, mended.reason) == (fault, 1, 0, None)
    assert await faults(database) == []
    assert audited(storage) == [("test", "repair", fault, 1)]
    assert await mend(database) == []


@pytest.mark.parametrize("breakage", [lose_the_event_of_a_run, lose_an_earlier_result, forget_the_owner])
async def test_the_rest_is_refused_with_a_reason(storage: Storage, database: Database, breakage: Breakage) -> None:
    due, done = await live_through(storage, database)
    breakage(storage, due, done)
    before = await faults(database)

    [refused] = await mend(database)

    assert (refused.done, refused.refused) == ((), 1)
    assert refused.reason
    assert await faults(database) == before
    assert audited(storage) == []


async def test_of_two_repairs_at_once_one_corrects_the_sums(storage: Storage, database: Database) -> None:
    due, done = await live_through(storage, database)
    forget_to_tally(storage, due, done)
    with psycopg.connect(storage.services.database_url) as other:
        other.execute(storage.sql("LOCK TABLE headrace.tallies IN SHARE UPDATE EXCLUSIVE MODE"))
        both = asyncio.gather(mend(database), mend(database))
        await eventually(lambda: storage.value(_WAITING) == 2, "both have found the fault, and wait")
        other.rollback()

    repairs = [repair for found in await both for repair in found]

    assert sorted(len(repair.done) for repair in repairs) == [0, 1]
    assert [repair.reason for repair in repairs if repair.refused] == ["Another repair put the sums right meanwhile."]
    assert await faults(database) == []
    assert len(audited(storage)) == 1


async def test_of_what_was_erased_the_sum_stays_as_it_is(storage: Storage, database: Database) -> None:
    _, done = await live_through(storage, database)
    await erase_event(database, done)
    storage.rows("INSERT INTO headrace.tallies (state, delta) VALUES ('accepted', -1), ('failed', 1)")

    [mended] = await mend(database)

    assert set(mended.done) == {"accepted +1", "failed -1"}
    assert await faults(database) == []
    assert storage.value("SELECT sum(delta) FROM headrace.tallies WHERE state = 'erased'") == 1


async def test_a_lost_event_runs_again(storage: Storage, database: Database) -> None:
    due, _ = await live_through(storage, database)
    again = storage.value("SELECT event_id FROM headrace.results WHERE run_number = 2")
    own = storage.value("SELECT event_id FROM headrace.runs WHERE reason = 'own-task'")
    storage.rows("DELETE FROM headrace.runs WHERE event_id IN (%s, %s)", due, own)
    storage.rows("DELETE FROM headrace.results WHERE event_id = %s", again)
    storage.rows("INSERT INTO headrace.tallies (state, delta) VALUES ('succeeded', -1)")

    await mend(database)

    assert storage.run(again)["run_number"] == 2
    assert (storage.run(own)["state"], storage.run(own)["reason"], storage.run(own)["rank"]) == (
        "waiting",
        "own-task",
        None,
    )
    assert {run.event_id for run in await claim(database, storage.add_worker())} == {due, again}
    assert await faults(database) == []


async def test_a_lost_event_for_later_waits_for_its_time_again(storage: Storage, database: Database) -> None:
    later = utc_now() + timedelta(days=2)
    [event_id] = await accept(database, new_event(deliver_at=later))
    storage.rows("DELETE FROM headrace.runs")

    await mend(database)

    run = storage.run(event_id)
    assert (run["state"], run["reason"], run["rank"]) == ("waiting", "delay", later)


async def test_what_ends_with_the_repair_of_something_else_is_not_told_as_left(
    storage: Storage, database: Database
) -> None:
    await live_through(storage, database)
    storage.rows("DELETE FROM headrace.results WHERE run_number = 2")
    storage.rows("INSERT INTO headrace.tallies (state, delta) VALUES ('succeeded', -1)")
    assert await faults(database) == [Fault.EVENT_LOST]

    [mended] = await mend(database)

    assert (mended.refused, mended.reason) == (0, None)
    assert await faults(database) == []


async def test_after_a_repair_what_is_left_is_counted_anew(storage: Storage, database: Database) -> None:
    due, done = await live_through(storage, database)
    keep_the_run(storage, due, done)
    storage.rows("UPDATE headrace.runs SET run_number = 2 WHERE event_id = %s", done)
    forget_to_tally(storage, due, done)

    mended = {each.fault: each.refused for each in await mend(database)}

    assert mended == {Fault.TALLY_WRONG: 0, Fault.EVENT_TWICE: 1, Fault.RUN_NUMBERS_WRONG: 1}


async def test_a_lost_event_runs_to_its_end_beside_what_its_earlier_attempts_left(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept_many(database, 1)
    storage.rows(
        "INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, ended_at)"
        " SELECT event_id, 1, 1, 'failed', now() FROM headrace.runs"
    )
    storage.rows(
        "INSERT INTO headrace.logs (event_id, run_number, attempt, lines)"
        " SELECT event_id, 1, 3, '[]' FROM headrace.runs"
    )
    storage.rows("DELETE FROM headrace.runs")

    await mend(database)

    [run] = await claim(database, storage.add_worker())
    assert run.attempt == 4
    completer = Completer(database, utc_now, "release-1", lambda *_: None)
    assert await complete(completer, replace(succeeded(run), progress=Progress(logged=b"[]"))) == [True]
    assert storage.states([event_id]) == ["succeeded"]


async def test_a_run_beside_its_result_stays_while_it_is_held_or_another(storage: Storage, database: Database) -> None:
    due, done = await live_through(storage, database)
    keep_the_run(storage, due, done)
    storage.rows("UPDATE headrace.runs SET run_number = 2 WHERE event_id = %s", done)
    assert Fault.EVENT_TWICE in [each.fault for each in await mend(database) if each.refused]

    storage.rows("UPDATE headrace.runs SET run_number = 1 WHERE event_id = %s", done)
    storage.rows(
        "UPDATE headrace.runs SET owner = %s, state = 'running' WHERE event_id = %s", storage.add_worker(), done
    )
    [held] = await mend(database)

    assert (held.fault, held.refused) == (Fault.EVENT_TWICE, 1)
    assert "holds" in str(held.reason)
    assert storage.run(done)["state"] == "running"
