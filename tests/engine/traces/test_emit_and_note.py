import math
from typing import Any
from uuid import UUID

import pytest

from headrace.domain.event import NewEvent
from headrace.domain.outcome import Completed
from headrace.engine import EventSchema, Pipeline, TaskContext
from headrace.engine.traces.leaving import MOST_EMITTED, NOTE_BYTES
from tests.engine.support import Flaky, LongRun, TicketOpened, Worker

EVENT_ID = UUID(int=7)


class Charged(EventSchema, type="card.charged", match="charge_id"):
    charge_id: str
    amount: int


async def emitted(run: LongRun) -> list[NewEvent]:
    outcome = await run.attempt()
    assert isinstance(outcome, Completed), outcome
    return list(outcome.emitted)


@pytest.fixture
def emitting(tickets: Pipeline) -> Pipeline:
    """Two nodes that emit two events each, and a map that emits one an item: eight in all, if it goes over four."""

    @tickets.node
    async def numbers(event: TicketOpened) -> list[int]:
        return [1, 2, 3, 4]

    @tickets.node
    async def left(event: TicketOpened, context: TaskContext) -> None:
        context.emit(Charged(charge_id="c1", amount=5))
        context.emit({"type": "other"})

    @tickets.node
    def right(event: TicketOpened, context: TaskContext) -> None:
        context.emit({"type": "other"})
        context.emit({"type": "other"})

    @tickets.map(over=numbers)
    async def each(item: int, context: TaskContext) -> None:
        context.emit({"type": "other"})

    return tickets


async def test_ids_are_the_same_at_every_run_of_one_event_and_epoch(emitting: Pipeline, worker: Worker) -> None:
    first = await emitted(LongRun(worker, emitting, EVENT_ID))
    second = await emitted(LongRun(worker, emitting, EVENT_ID))
    assert sorted(event.id for event in first) == sorted(event.id for event in second)


async def test_ids_differ_by_event_epoch_node_item_and_number(emitting: Pipeline, worker: Worker) -> None:
    runs = [
        LongRun(worker, emitting, EVENT_ID),
        LongRun(worker, emitting, EVENT_ID, epoch=2),
        LongRun(worker, emitting, UUID(int=8)),
    ]
    ids = [event.id for run in runs for event in await emitted(run)]
    assert len(ids) == len(set(ids)) == 24


async def test_an_emitted_event_knows_its_parent_its_body_and_its_match_key(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def charge(event: TicketOpened, context: TaskContext) -> None:
        context.emit(Charged(charge_id="c1", amount=5))

    [event] = await emitted(LongRun(worker, tickets, EVENT_ID))
    assert (event.type, event.match_key, event.parent_id) == ("card.charged", "c1", EVENT_ID)
    assert event.body == b'{"type":"card.charged","charge_id":"c1","amount":5}'
    assert (event.tenant, event.queue) == ("default", "default")


async def test_a_call_that_fails_emits_nothing(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(OSError())

    @tickets.node(backoff=[0.001])
    async def charge(event: TicketOpened, context: TaskContext) -> None:
        context.emit({"type": "other"})
        flaky()

    assert len(await emitted(LongRun(worker, tickets))) == 1


async def test_what_finished_nodes_emitted_is_kept_when_the_run_fails(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def charge(event: TicketOpened, context: TaskContext) -> int:
        context.emit({"type": "other"})
        return 1

    @tickets.node(retries=0)
    async def broken(charge: int, context: TaskContext) -> None:
        context.emit({"type": "never"})
        raise OSError

    assert [event.type for event in (await worker.failed(tickets)).emitted] == ["other"]


async def test_an_event_without_a_type_is_refused(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(retries=0)
    async def charge(event: TicketOpened, context: TaskContext) -> None:
        context.emit({"kind": "other"})

    failed = await worker.failed(tickets)
    assert (failed.error.code, failed.error.message) == (
        "invalid-event",
        "node 'charge' emits an event without a type",
    )


async def test_a_flood_of_events_is_refused(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(retries=0)
    async def charge(event: TicketOpened, context: TaskContext) -> None:
        for _ in range(MOST_EMITTED + 1):
            context.emit({"type": "other"})

    assert (await worker.failed(tickets)).error.message == "node 'charge' emits more than 1000 events at once"


async def test_the_key_is_the_same_at_every_call_and_differs_by_node_item_and_epoch(
    tickets: Pipeline, worker: Worker
) -> None:
    seen: list[str] = []
    flaky = Flaky(OSError())

    @tickets.node(backoff=[0.001])
    async def pay(event: TicketOpened, context: TaskContext) -> list[int]:
        seen.append(context.idempotency_key)
        flaky()
        return [1, 2]

    @tickets.map(over=pay, limit=1)
    def each(item: int, context: TaskContext) -> None:
        seen.append(context.idempotency_key)

    await LongRun(worker, tickets, EVENT_ID, epoch=3).completed()
    assert seen == [f"{EVENT_ID}.3.pay", f"{EVENT_ID}.3.pay", f"{EVENT_ID}.3.each[0]", f"{EVENT_ID}.3.each[1]"]


async def test_a_note_is_there_while_its_node_still_runs(tickets: Pipeline, worker: Worker) -> None:
    seen: list[Any] = []

    @tickets.node
    async def work(event: TicketOpened, context: TaskContext) -> list[int]:
        context.note("half way", percent=50)
        seen.extend(worker.notes)
        return [1, 2]

    @tickets.map(over=work, limit=1)
    def each(item: int, context: TaskContext) -> None:
        context.note("item")

    await worker.completed(tickets)
    assert seen == [("work", {"message": "half way", "percent": 50})]
    assert [node for node, _ in worker.notes] == ["work", "each[0]", "each[1]"]


async def test_a_note_that_is_too_long_is_refused(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def work(event: TicketOpened, context: TaskContext) -> None:
        context.note("x" * NOTE_BYTES)

    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.code) == ("work", "output-too-large")
    assert failed.error.message == "node 'work' noted 8,206 bytes; a note has at most 8,192"


async def test_outside_of_a_node_there_is_nothing_to_ask(tickets: Pipeline) -> None:
    context = await tickets.run_async({})
    for ask in (lambda: context.idempotency_key, lambda: context.note("x"), lambda: context.emit({}), context.finish):
        with pytest.raises(RuntimeError, match="only inside a node"):
            ask()


@pytest.mark.parametrize(
    "event", [{"type": "x" * 201}, {"type": ""}, {"type": "a b"}, {"type": "x", "far": math.inf}, {"type": "x\0"}]
)
async def test_what_cannot_be_accepted_fails_its_node_at_once(
    event: dict[str, Any], tickets: Pipeline, worker: Worker
) -> None:
    @tickets.node
    async def tell(context: TaskContext) -> None:
        context.emit(event)

    assert (await worker.failed(tickets)).error.code == "invalid-event"


async def test_an_event_of_more_than_a_mebibyte_is_not_emitted(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def tell(context: TaskContext) -> None:
        context.emit({"type": "large", "text": "x" * 1024 * 1024})

    assert (await worker.failed(tickets)).error.code == "output-too-large"
