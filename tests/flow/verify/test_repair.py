"""What is safe to put right is put right and audited; the rest is refused."""

from collections.abc import Sequence

import pytest

from headrace.domain.faults import Fault
from headrace.flow.verify import Repair, repair, verify
from headrace.store.database import Database
from tests.flow.verify.breaking import (
    Breakage,
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
from tests.support.steps import claim
from tests.support.storage import Storage


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
