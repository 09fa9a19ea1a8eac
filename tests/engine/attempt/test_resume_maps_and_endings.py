"""What the next attempt finds of maps that were under way, and of what runs at the end."""

import asyncio
from collections import Counter

import orjson
from pydantic import Field

from headrace.domain.outcome import ErrorReport, GivenBack
from headrace.engine import EventSchema, Pipeline, TaskContext
from headrace.errors import Permanent
from tests.engine.support import Flaky, LongRun, TicketOpened, VirtualClock, Worker, states_of
from tests.support.waiting import eventually


class Order(EventSchema, type="order.resumed"):
    items: list[int] = Field(default_factory=list)


async def test_an_item_that_waits_for_its_retry_still_does_so_after_a_give_back(timeless: Worker) -> None:
    pipeline, running = Pipeline("orders", Order), asyncio.Event()
    timeless.event = Order(items=[1, 2])

    @pipeline.map(over="event.items", backoff=[60])
    async def each(item: int) -> None:
        if item == 1:
            raise OSError
        running.set()
        await asyncio.Event().wait()

    attempt = asyncio.create_task(timeless.attempt(pipeline))
    await running.wait()
    attempt.cancel()
    outcome = await attempt
    assert isinstance(outcome, GivenBack)
    assert [pause.node for pause in outcome.progress.pauses] == ["each[0]"]


async def test_a_finish_by_an_item_is_kept(timeless: Worker, clock: VirtualClock) -> None:
    pipeline, flaky = Pipeline("orders", Order), Flaky(OSError())
    timeless.event = Order(items=[1, 2])

    @pipeline.map(over="event.items", backoff=[60])
    async def each(item: int, context: TaskContext) -> int:
        if item == 1:
            context.finish()
            return item
        return flaky()

    @pipeline.node
    async def last(each: list[int]) -> None: ...

    run = LongRun(timeless, pipeline)
    await run.suspended()
    clock.move(60)
    assert states_of(await run.completed()) == {"each": "succeeded", "last": "skipped"}


async def test_the_last_node_is_stored_before_what_runs_at_the_end(worker: Worker) -> None:
    pipeline = Pipeline("tickets", TicketOpened)
    run, stored = LongRun(worker, pipeline), list[str]()

    @pipeline.node(checkpoint=True)
    async def only(event: TicketOpened) -> int:
        return 1

    @pipeline.finally_
    async def report() -> None:
        stored.extend(name for name, _ in run.checkpoints)

    await run.completed()
    assert stored == ["only"]


async def test_what_ran_at_the_end_of_a_failed_run_runs_again_after_its_replay(timeless: Worker) -> None:
    pipeline, flaky = Pipeline("tickets", TicketOpened), Flaky(Permanent("no"))

    @pipeline.node
    async def first(event: TicketOpened) -> int:
        return flaky()

    @pipeline.finally_
    async def report(error: ErrorReport | None) -> str:
        return "fine" if error is None else error.message

    @pipeline.finally_(retries=0, on_error="skip")
    async def alarm(error: ErrorReport | None) -> None:
        if error is not None:
            raise OSError

    run = LongRun(timeless, pipeline)
    assert orjson.loads((await run.failed()).task_context)["nodes"] == {"report": "no"}
    run.failures = {}
    assert (await run.completed())["nodes"] == {"first": 2, "report": "fine", "alarm": None}


async def test_a_finish_is_kept(tickets: Pipeline, worker: Worker) -> None:
    began, release, calls = asyncio.Event(), asyncio.Event(), Counter[str]()

    @tickets.node
    async def beside(event: TicketOpened) -> int:
        began.set()
        await release.wait()
        return 1

    @tickets.node
    async def last(event: TicketOpened, context: TaskContext) -> int:
        calls["last"] += 1
        await began.wait()
        context.finish()
        return 2

    @tickets.node
    async def behind(last: int) -> None: ...

    run = LongRun(worker, tickets)
    attempt = asyncio.create_task(run.attempt())
    await began.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    attempt.cancel()
    assert isinstance(await attempt, GivenBack)
    release.set()
    context = await run.completed()
    assert states_of(context)["behind"] == "skipped"
    assert calls == {"last": 1}


async def test_a_kept_finish_starts_nothing_that_was_open_before_it(tickets: Pipeline, timeless: Worker) -> None:
    calls: list[str] = []

    @tickets.node(checkpoint=True)
    async def first(event: TicketOpened) -> int:
        return 1

    @tickets.node
    async def beside(first: int) -> int:
        calls.append("beside")
        await asyncio.Event().wait()
        return 2

    @tickets.node(checkpoint=True)
    async def last(first: int, context: TaskContext) -> int:
        context.finish()
        return 3

    run = LongRun(timeless, tickets)
    attempt = asyncio.create_task(run.try_once())
    await eventually(lambda: ("last", -1) in run.checkpoints, "the finish is stored")
    attempt.cancel()
    await attempt

    context = await run.completed()

    assert calls == ["beside"]
    assert states_of(context) == {"first": "succeeded", "last": "succeeded", "beside": "skipped"}
