"""Cancel, replay and retry now: events that are named, each by its id."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.selection import Selection
from headrace.engine import Pipeline, PipelineRegistry
from headrace.engine.schema import EventSchema
from headrace.errors import UnknownNode, UnknownPipeline
from headrace.flow.operate import START, Operator
from headrace.store.database import Database
from tests.flow.operate.support import assert_ledger_adds_up, audit, delayed, failed, held, only
from tests.support.stages import Told
from tests.support.steps import accept, accept_many, claim, new_event, store, succeeded
from tests.support.storage import Storage


async def test_a_queued_event_is_cancelled_at_once(storage: Storage, database: Database, operator: Operator) -> None:
    [event_id] = await accept_many(database, 1)

    acted = await operator.cancel(only(event_id))

    assert (acted.count, acted.asked, acted.refused) == (1, 0, {})
    assert storage.states([event_id]) == ["cancelled"]
    assert audit(storage) == [("cancel", "tests", 1)]
    await assert_ledger_adds_up(database)


async def test_the_owner_of_a_running_event_is_asked_to_end_it(
    storage: Storage, database: Database, operator: Operator
) -> None:
    [run] = await held(storage, database, 1)

    acted = await operator.cancel(only(run.event_id))
    again = await operator.cancel(only(run.event_id))

    assert (acted.count, acted.asked) == (again.count, again.asked) == (1, 1)
    assert storage.states([run.event_id]) == ["running"]
    assert storage.rows("SELECT event_id, run_number, actor FROM headrace.cancellations") == [
        (run.event_id, 1, "tests")
    ]


async def test_each_event_that_cannot_be_cancelled_is_told_why(
    storage: Storage, database: Database, operator: Operator
) -> None:
    [run] = await held(storage, database, 1)
    await store(database, succeeded(run))
    unknown = new_id()

    acted = await operator.cancel(only(run.event_id, unknown))

    assert {event_id: error.code for event_id, error in acted.refused.items()} == {
        run.event_id: "event-already-finished",
        unknown: "not-found",
    }
    assert acted.count == 0
    assert audit(storage) == []


async def test_a_failed_event_goes_on_from_its_outputs_and_a_succeeded_one_begins_afresh(
    storage: Storage, database: Database, operator: Operator, told: list[Told]
) -> None:
    bad, good = await held(storage, database, 2)
    await store(database, failed(bad), succeeded(good))

    acted = await operator.replay(only(bad.event_id, good.event_id))

    assert (acted.count, acted.refused) == (2, {})
    assert [(queue, set(ids)) for queue, ids in told] == [("default", {bad.event_id, good.event_id})]
    rows = [storage.run(run.event_id) for run in (bad, good)]
    assert [(row["run_number"], row["epoch"], row["state"]) for row in rows] == [(2, 1, "queued"), (2, 2, "queued")]
    assert storage.rows("SELECT event_id, node FROM headrace.checkpoints") == [(bad.event_id, "reserve")]
    assert set(storage.rows("SELECT event_id, state FROM headrace.past_results")) == {
        (bad.event_id, "failed"),
        (good.event_id, "succeeded"),
    }
    await assert_ledger_adds_up(database)


async def test_from_the_start_a_failed_event_begins_afresh_too(
    storage: Storage, database: Database, operator: Operator
) -> None:
    [run] = await held(storage, database, 1)
    await store(database, failed(run))

    await operator.replay(only(run.event_id), START)

    assert storage.run(run.event_id)["epoch"] == 2
    assert storage.rows("SELECT FROM headrace.checkpoints") == []
    assert storage.value("SELECT detail ->> 'from' FROM headrace.audit") == "start"


async def test_each_event_that_cannot_be_replayed_is_told_why(
    storage: Storage, database: Database, operator: Operator
) -> None:
    own, queued = new_event(task="my.task"), new_event()
    await accept(database, own, queued)
    await operator.cancel(only(own.id))

    acted = await operator.replay(only(own.id, queued.id))

    assert {event_id: error.code for event_id, error in acted.refused.items()} == {
        own.id: "own-task",
        queued.id: "event-unfinished",
    }
    assert storage.states([own.id, queued.id]) == ["cancelled", "queued"]


@pytest.fixture
def shop() -> Iterator[None]:
    """Pipelines of two types, of which one has the node that tests replay from."""
    with PipelineRegistry.isolated():
        declare_shop()
        yield


def declare_shop() -> None:

    class Ordered(EventSchema, type="ordered"):
        pass

    class Asked(EventSchema, type="asked"):
        pass

    orders, questions = Pipeline("orders", Ordered), Pipeline("questions", Asked)

    @orders.node
    def reserve(event: Ordered) -> str:
        return event.type

    @orders.node
    def charge(reserve: str) -> str:
        return reserve

    @questions.node
    def answer(event: Asked) -> str:
        return event.type


@pytest.mark.usefixtures("shop")
async def test_from_a_node_only_events_of_types_that_have_it_are_replayed(
    storage: Storage, database: Database, operator: Operator
) -> None:
    [order] = await held(storage, database, 1, "ordered")
    [question] = await held(storage, database, 1, "asked")
    await store(database, failed(order), failed(question, "answer"))

    counted = await operator.replay(Selection(everything=True), "charge", dry_run=True)
    acted = await operator.replay(Selection(everything=True), "charge")

    assert counted.by_type == {"ordered": 1}
    assert acted.count == 1
    assert storage.states([order.event_id, question.event_id]) == ["queued", "failed"]
    assert storage.run(order.event_id)["epoch"] == 2
    assert storage.rows("SELECT event_id, epoch, node FROM headrace.checkpoints WHERE epoch = 2") == [
        (order.event_id, 2, "reserve")
    ]
    with pytest.raises(UnknownNode):
        await operator.replay(Selection(types=["asked"]), "charge")
    with pytest.raises(UnknownNode):
        await operator.replay(Selection(states=["failed"]), "nowhere")
    with pytest.raises(UnknownNode):
        await operator.replay(only(question.event_id), "nowhere")
    with pytest.raises(UnknownPipeline):
        await operator.replay(Selection(types=["unheard.of"]), "charge")


@pytest.mark.usefixtures("shop")
async def test_of_named_events_those_whose_pipelines_lack_the_node_are_told_so(
    storage: Storage, database: Database, operator: Operator
) -> None:
    runs = [(await held(storage, database, 1, type_))[0] for type_ in ("ordered", "asked", "unheard.of")]
    await store(database, *map(failed, runs))
    order, question, unheard = [run.event_id for run in runs]

    acted = await operator.replay(only(order, question, unheard), "charge")

    assert acted.count == 1
    assert {event_id: error.code for event_id, error in acted.refused.items()} == {
        question: "unknown-node",
        unheard: "no-pipeline",
    }
    assert storage.states([order, question, unheard]) == ["queued", "failed", "failed"]
    types = Selection(types=["ordered", "asked"])
    assert (await operator.replay(types, "reserve", dry_run=True)).by_type == {}
    assert (await operator.replay(types, "answer", dry_run=True)).by_type == {"asked": 1}


async def test_what_waits_for_a_retry_is_made_due_and_the_rest_told_why_not(
    storage: Storage, database: Database, operator: Operator, told: list[Told]
) -> None:
    [run] = await held(storage, database, 1)
    await store(database, delayed(run))
    own, queued = new_event(task="my.task"), new_event()
    await accept(database, own, queued)

    acted = await operator.retry_now(only(run.event_id, own.id, queued.id))

    assert acted.count == 1
    assert {error.code for error in acted.refused.values()} == {"not-waiting"}
    assert "own-task" in acted.refused[own.id].detail
    assert storage.states([run.event_id]) == ["queued"]
    assert told == [("default", [run.event_id])]
    assert audit(storage) == [("retry-now", "tests", 1)]
    detail = storage.value("SELECT detail FROM headrace.audit")
    assert detail["ids"] == [str(run.event_id)]


@pytest.mark.parametrize("act", ["cancel", "replay", "retry_now"])
async def test_a_dry_run_refuses_as_the_act_does(
    storage: Storage, database: Database, operator: Operator, act: str
) -> None:
    ended, waiting = await held(storage, database, 2)
    await store(database, failed(ended), delayed(waiting))
    [queued] = await accept_many(database, 1)
    own = new_event(task="my.task")
    await accept(database, own)
    named = only(ended.event_id, waiting.event_id, queued, own.id, new_id())

    tried = await getattr(operator, act)(named, dry_run=True)
    assert audit(storage) == []
    done = await getattr(operator, act)(named)

    assert (tried.count, sum(tried.by_type.values())) == (done.count, done.count)
    assert {event_id: error.code for event_id, error in tried.refused.items()} == {
        event_id: error.code for event_id, error in done.refused.items()
    }
    assert len(done.refused) + done.count == 5


async def test_named_events_that_are_not_what_else_is_asked_for_are_told_so(
    storage: Storage, database: Database, operator: Operator
) -> None:
    [run] = await held(storage, database, 1)
    await store(database, delayed(run))
    other = Selection(ids=[run.event_id], types=["other"])

    for dry_run in (True, False):
        for acted in (
            await operator.cancel(other, dry_run=dry_run),
            await operator.retry_now(other, dry_run=dry_run),
        ):
            assert (acted.count, acted.refused[run.event_id].code) == (0, "not-selected")
        finished = await operator.replay(other, dry_run=dry_run)
        assert finished.refused[run.event_id].code == "event-unfinished"
    assert storage.states([run.event_id]) == ["waiting"]


async def test_an_event_for_later_is_moved_and_told_of_in_the_audit(
    storage: Storage, database: Database, operator: Operator
) -> None:
    soon, later = utc_now() + timedelta(days=1), utc_now() + timedelta(days=2)
    [event_id] = await accept(database, new_event(deliver_at=soon))

    acted = await operator.reschedule([event_id], later)

    assert (acted.count, acted.refused) == (1, {})
    assert (storage.run(event_id)["state"], storage.run(event_id)["rank"]) == ("waiting", later)
    assert storage.value("SELECT deliver_at FROM headrace.events") == later
    assert audit(storage) == [("reschedule", "tests", 1)]


async def test_an_event_for_later_is_sent_at_once(
    storage: Storage, database: Database, operator: Operator, told: list[Told]
) -> None:
    [event_id] = await accept(database, new_event(deliver_at=utc_now() + timedelta(days=1)))

    await operator.retry_now(only(event_id))

    assert storage.states([event_id]) == ["queued"]
    assert [(queue, list(ids)) for queue, ids in told] == [("default", [event_id])]
    assert [run.event_id for run in await claim(database, storage.add_worker())] == [event_id]


async def test_a_retry_is_not_moved(storage: Storage, database: Database, operator: Operator) -> None:
    [run] = await held(storage, database, 1)
    await store(database, delayed(run))
    before = storage.run(run.event_id)["rank"]

    acted = await operator.reschedule([run.event_id], utc_now())

    assert {event_id: error.code for event_id, error in acted.refused.items()} == {run.event_id: "not-waiting"}
    assert storage.run(run.event_id)["rank"] == before
