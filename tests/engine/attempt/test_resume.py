import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from headrace.domain.outcome import Completed, GivenBack, NodeFailed
from headrace.engine import EventSchema, Pipeline, TaskContext
from headrace.errors import Permanent
from tests.engine.support import Flaky, LongRun, TicketOpened, VirtualClock, Worker, context_of, states_of

#: How often each node was called.
Calls = Counter[str]


class Order(EventSchema, type="order.resumed"):
    items: list[int]


class Answer(BaseModel):
    text: str


def first_and_second(calls: Calls, flaky: Callable[[], Any], **options: Any) -> Pipeline:
    """`first` counts its calls and emits, `second` counts and takes it, `third` takes it and does as `flaky` says."""
    pipeline = Pipeline("tickets", TicketOpened, register=False)

    @pipeline.node(**options)
    async def first(event: TicketOpened, context: TaskContext) -> int:
        calls["first"] += 1
        context.emit({"type": "first.done"})
        return 1

    @pipeline.node
    async def second(first: int) -> int:
        calls["second"] += 1
        return first + 1

    @pipeline.node
    async def third(second: int) -> int:
        calls["third"] += 1
        flaky()
        return second + 1

    return pipeline


async def test_after_a_long_retry_what_finished_is_not_run_again(
    calls: Calls, timeless: Worker, clock: VirtualClock
) -> None:
    run = LongRun(timeless, first_and_second(calls, Flaky(OSError())))
    await run.suspended()
    clock.move(5)
    outcome = await run.attempt()
    assert context_of(outcome)["nodes"] == {"first": 1, "second": 2, "third": 3}
    assert calls == {"first": 1, "second": 1, "third": 2}
    assert isinstance(outcome, Completed)
    assert [event.type for event in outcome.emitted] == ["first.done"]


async def test_a_run_claimed_before_its_retry_is_due_calls_nothing(calls: Calls, timeless: Worker) -> None:
    run = LongRun(timeless, first_and_second(calls, Flaky(OSError())))
    assert (await run.suspended()).progress.pauses == (await run.suspended()).progress.pauses
    assert calls == {"first": 1, "second": 1, "third": 1}


async def test_a_replay_of_a_failure_goes_on_where_it_failed(calls: Calls, timeless: Worker) -> None:
    run = LongRun(timeless, first_and_second(calls, Flaky(Permanent("no"))))
    assert isinstance(await run.attempt(), NodeFailed)
    run.failures = {}
    assert (await run.completed())["nodes"] == {"first": 1, "second": 2, "third": 3}
    assert calls == {"first": 1, "second": 1, "third": 2}


async def test_what_finished_before_a_give_back_is_not_run_again(
    calls: Calls, tickets: Pipeline, worker: Worker
) -> None:
    reached = asyncio.Event()

    @tickets.node
    async def first(event: TicketOpened) -> int:
        calls["first"] += 1
        return 1

    @tickets.node
    async def second(first: int) -> int:
        calls["second"] += 1
        if calls["second"] == 1:
            reached.set()
            await asyncio.Event().wait()
        return first + 1

    run = LongRun(worker, tickets)
    attempt = asyncio.create_task(run.attempt())
    await reached.wait()
    attempt.cancel()
    assert isinstance(await attempt, GivenBack)
    assert (await run.completed())["nodes"] == {"first": 1, "second": 2}
    assert calls == {"first": 1, "second": 2}


async def test_after_a_crash_only_what_was_stored_meanwhile_is_kept(calls: Calls, timeless: Worker) -> None:
    run = LongRun(timeless, first_and_second(calls, Flaky(OSError()), checkpoint=True))
    await run.try_once()
    assert set(run.checkpoints) == {("first", -1)}
    assert (await run.completed())["nodes"] == {"first": 1, "second": 2, "third": 3}
    assert calls == {"first": 1, "second": 2, "third": 2}


async def test_what_took_long_is_stored_before_anything_goes_on(
    calls: Calls, tickets: Pipeline, clock: VirtualClock, timeless: Worker
) -> None:
    @tickets.node
    async def slow(event: TicketOpened) -> int:
        clock.move(0.06)
        return 1

    @tickets.node
    async def quick(slow: int) -> int:
        clock.move(0.04)
        return 2

    @tickets.node
    async def last(quick: int) -> list[str]:
        return sorted(name for name, _ in run.checkpoints)

    run = LongRun(timeless, tickets)
    assert (await run.completed())["nodes"]["last"] == ["slow"]


async def test_items_of_a_map_are_kept_one_by_one(calls: Calls, timeless: Worker, clock: VirtualClock) -> None:
    pipeline, flaky = Pipeline("orders", Order), Flaky(OSError())
    timeless.event = Order(items=[1, 2, 3])

    @pipeline.map(over="event.items", limit=1)
    async def each(item: int, context: TaskContext) -> int:
        calls[str(item)] += 1
        context.emit({"type": f"item.{item}"})
        if item == 2:
            flaky()
        return item * 10

    run = LongRun(timeless, pipeline)
    await run.suspended()
    clock.move(5)
    outcome = await run.attempt()
    assert context_of(outcome)["nodes"]["each"] == [10, 20, 30]
    assert calls == {"1": 1, "2": 2, "3": 1}
    assert isinstance(outcome, Completed)
    assert [event.type for event in outcome.emitted] == ["item.1", "item.2", "item.3"]


async def test_a_kept_output_comes_back_as_its_type(tickets: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    flaky = Flaky(OSError())

    @tickets.node
    async def answer(event: TicketOpened) -> Answer:
        return Answer(text="yes")

    @tickets.node
    async def send(answer: Answer) -> str:
        flaky()
        return type(answer).__name__

    run = LongRun(timeless, tickets)
    await run.suspended()
    clock.move(5)
    assert (await run.completed())["nodes"] == {"answer": {"text": "yes"}, "send": "Answer"}


async def test_a_skip_after_an_error_a_choice_and_a_finish_are_kept(
    calls: Calls, tickets: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    flaky = Flaky(OSError())

    @tickets.node(on_error="skip")
    async def optional(event: TicketOpened) -> int:
        calls["optional"] += 1
        raise Permanent("no")

    @tickets.router
    async def route(event: TicketOpened) -> str:
        calls["route"] += 1
        return "left"

    @tickets.node(after=route)
    async def left() -> None:
        flaky()

    @tickets.node(after=route)
    async def right() -> None: ...

    @tickets.node
    async def behind(optional: int) -> None: ...

    run = LongRun(timeless, tickets)
    await run.suspended()
    clock.move(5)
    context = await run.completed()
    skipped = {name for name, state in states_of(context).items() if state == "skipped"}
    assert skipped == {"optional", "behind", "right"}
    assert context["metadata"]["nodes"]["optional"]["error"] == "headrace.errors.Permanent: no"
    assert calls == {"optional": 1, "route": 1}
