"""Erasing: events that are named, by one operator or by several at once, and beside other acts."""

import asyncio

import pytest

from headrace.domain.ids import new_id
from headrace.errors import InvalidSelection
from headrace.flow.operate import Operator
from headrace.flow.operate.audited import AUDITED_IDS
from headrace.store.database import Database
from tests.flow.operate.support import assert_ledger_adds_up, audit, failed, held, ids_of, only
from tests.support.stages import Told
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.storage import Storage


async def test_finished_events_are_erased_and_the_ledger_counts_them(
    storage: Storage, database: Database, operator: Operator, told: list[Told]
) -> None:
    good, bad, other = await held(storage, database, 3)
    await store(database, succeeded(good), failed(bad), failed(other))

    acted = await operator.erase([good.event_id, bad.event_id])

    assert (acted.count, acted.asked, acted.refused, acted.next_cursor) == (2, 0, {}, None)
    assert storage.states(ids_of([good, bad, other])) == ["gone", "gone", "failed"]
    sums = dict(storage.rows("SELECT state, sum(delta)::int FROM headrace.tallies GROUP BY state"))
    assert sums == {"accepted": 3, "succeeded": 0, "failed": 1, "erased": 2}
    assert told == []
    await assert_ledger_adds_up(database)


async def test_the_audit_names_them_and_says_nothing_of_what_they_held(
    storage: Storage, database: Database, operator: Operator
) -> None:
    await accept(database, new_event(text="for nobody's eyes"))
    [run] = await claim(database, storage.add_worker())
    await store(database, failed(run))

    await operator.erase([run.event_id])

    assert audit(storage) == [("erase", "tests", 1)]
    told = str(run.event_id)
    detail = storage.value("SELECT detail FROM headrace.audit")
    assert detail == {"selection": {}, "count": 1, "first": told, "last": told, "ids": [told]}


async def test_of_many_each_is_named_in_the_audit(storage: Storage, database: Database, operator: Operator) -> None:
    await accept(database, *(new_event() for _ in range(2 * AUDITED_IDS + 1)))
    runs = await claim(database, storage.add_worker())
    await store(database, *map(succeeded, runs))

    acted = await operator.erase(ids_of(runs))

    assert acted.count == 2 * AUDITED_IDS + 1
    named = storage.rows("SELECT json_array_elements_text(detail -> 'ids') FROM headrace.audit")
    assert {each for (each,) in named} == {str(event_id) for event_id in ids_of(runs)}
    assert storage.value("SELECT count(*) FROM headrace.events") == 0


async def test_each_event_that_cannot_be_erased_is_told_why(
    storage: Storage, database: Database, operator: Operator
) -> None:
    ended, running = await held(storage, database, 2)
    await store(database, succeeded(ended))
    queued, unknown = new_event(), new_id()
    await accept(database, queued)

    acted = await operator.erase([running.event_id, queued.id, unknown, ended.event_id])

    assert acted.count == 1
    assert {event_id: error.code for event_id, error in acted.refused.items()} == {
        running.event_id: "event-unfinished",
        queued.id: "event-unfinished",
        unknown: "not-found",
    }
    assert "cancel it first" in acted.refused[queued.id].detail
    again = await operator.erase([ended.event_id])
    assert (again.count, [error.code for error in again.refused.values()]) == (0, ["not-found"])
    assert audit(storage) == [("erase", "tests", 1)]


async def test_an_event_of_a_task_of_the_users_own_is_erased_too(
    storage: Storage, database: Database, operator: Operator
) -> None:
    own = new_event(task="my.task")
    await accept(database, own)
    await operator.cancel(only(own.id))

    assert (await operator.erase([own.id])).count == 1
    assert storage.value("SELECT count(*) FROM headrace.events") == 0


async def test_whoever_names_none_erases_none(storage: Storage, database: Database, operator: Operator) -> None:
    await store(database, *map(succeeded, await held(storage, database, 2)))

    with pytest.raises(InvalidSelection):
        await operator.erase([])

    assert storage.value("SELECT count(*) FROM headrace.events") == 2


async def test_of_two_operators_at_once_each_event_is_erased_by_one(storage: Storage, database: Database) -> None:
    await accept(database, *(new_event() for _ in range(200)))
    runs = await claim(database, storage.add_worker())
    await store(database, *map(succeeded, runs))
    operators = [Operator(database, lambda *_: None, name) for name in ("one", "two")]

    acted = await asyncio.gather(*(operator.erase(ids_of(runs)) for operator in operators))

    assert sum(each.count for each in acted) == 200
    assert {error.code for each in acted for error in each.refused.values()} == {"not-found"}
    assert sum(count for _, _, count in audit(storage)) == 200
    await assert_ledger_adds_up(database)


@pytest.mark.parametrize("begin", ["failed", "start"])
async def test_an_event_that_is_erased_and_replayed_at_once_has_one_of_both(
    storage: Storage, database: Database, operator: Operator, begin: str
) -> None:
    await accept(database, *(new_event() for _ in range(200)))
    runs = await claim(database, storage.add_worker())
    await store(database, *map(failed, runs))
    ids = ids_of(runs)

    erased, replayed = await asyncio.gather(operator.erase(ids), operator.replay(only(*ids), begin))

    assert erased.count + replayed.count == 200
    assert {error.code for error in erased.refused.values()} <= {"event-unfinished"}
    assert {error.code for error in replayed.refused.values()} <= {"not-found"}
    left = "SELECT count(*) FROM headrace.{}"
    assert storage.value(left.format("events")) == storage.value(left.format("past_results")) == replayed.count
    await assert_ledger_adds_up(database)


async def test_an_event_is_erased_once_it_is_cancelled(
    storage: Storage, database: Database, operator: Operator
) -> None:
    queued, (running, lost) = new_event(), await held(storage, database, 2)
    await accept(database, queued)
    named = [queued.id, running.event_id, lost.event_id]
    await operator.cancel(only(*named))

    acted = await operator.erase(named)
    assert (acted.count, set(acted.refused)) == (1, {running.event_id, lost.event_id})
    await store(database, failed(running), succeeded(lost))

    assert (await operator.erase(named)).count == 2
    assert await store(database, failed(running), succeeded(lost)) == set()
    for left in ("events", "results", "cancellations", "checkpoints", "attempts"):
        count = "SELECT count(*) FROM headrace.{}"
        assert storage.value(count.format(left)) == 0, left
    await assert_ledger_adds_up(database)
