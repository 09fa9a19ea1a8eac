"""An operator ends an attempt while it is under way."""

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import orjson
import psutil
import pytest

from headrace.domain.outcome import Cancelled, ErrorReport
from headrace.engine import NodeProcesses, Pipeline, TaskContext
from headrace.errors import RunCancelled
from tests.engine.support import LongRun, TicketOpened, VirtualClock, Worker, states_of
from tests.support.waiting import eventually

#: Nodes that ignore their cancellation are left by then.
SOON_SECONDS = 1.5


async def cancelled(worker: Worker, run: LongRun, running: asyncio.Event) -> Cancelled:
    """What an attempt comes to that is cancelled when a node says that it runs."""
    attempt = asyncio.create_task(run.attempt())
    await running.wait()
    worker.cancel()
    outcome = await asyncio.wait_for(attempt, SOON_SECONDS)
    assert isinstance(outcome, Cancelled), outcome
    return outcome


@pytest.fixture
def run(worker: Worker, tickets: Pipeline) -> LongRun:
    return LongRun(worker, tickets)


async def test_an_async_node_is_cancelled_and_nothing_behind_it_is_called(
    tickets: Pipeline, worker: Worker, run: LongRun, calls: Counter[str]
) -> None:
    running = asyncio.Event()

    @tickets.node
    async def slow(event: TicketOpened) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            calls["cleaned up"] += 1

    @tickets.node
    async def behind(slow: None) -> None:
        calls["behind"] += 1

    outcome = await cancelled(worker, run, running)

    assert calls == {"cleaned up": 1}
    assert outcome.progress.failures == {}
    assert outcome.progress.pauses == ()


async def test_what_is_finished_is_kept_and_emitted_and_a_replay_goes_on_from_there(
    tickets: Pipeline, worker: Worker, run: LongRun, calls: Counter[str]
) -> None:
    running, gate = asyncio.Event(), asyncio.Event()

    @tickets.node
    async def first(event: TicketOpened, context: TaskContext) -> int:
        calls["first"] += 1
        context.emit({"type": "noticed"})
        return 1

    @tickets.node
    async def second(first: int) -> int:
        calls["second"] += 1
        running.set()
        await gate.wait()
        return first + 1

    outcome = await cancelled(worker, run, running)
    gate.set()
    context = await run.completed()

    assert [checkpoint.node for checkpoint in outcome.progress.checkpoints] == ["first"]
    assert [event.type for event in outcome.emitted] == ["noticed"]
    assert orjson.loads(outcome.task_context)["nodes"] == {"first": 1}
    assert context["nodes"] == {"first": 1, "second": 2}
    assert calls == {"first": 1, "second": 2}


async def test_a_sync_node_is_left_to_itself_and_can_see_that_nobody_waits(
    tickets: Pipeline, worker: Worker, run: LongRun
) -> None:
    running, seen, loop = asyncio.Event(), list[bool](), asyncio.get_running_loop()

    @tickets.node
    def slow(event: TicketOpened, context: TaskContext) -> None:
        seen.append(context.cancelled)
        loop.call_soon_threadsafe(running.set)
        while not context.cancelled:
            time.sleep(0.001)
        seen.append(context.cancelled)

    await cancelled(worker, run, running)

    await eventually(lambda: seen == [False, True], "the thread has ended by itself")


async def test_a_sync_node_sees_that_its_own_time_is_over(tickets: Pipeline, worker: Worker) -> None:
    seen, gate = list[bool](), threading.Event()

    @tickets.node(timeout_seconds=0.05, retries=1, backoff=[0.001])
    def slow(event: TicketOpened, context: TaskContext) -> str:
        while not seen and not context.cancelled:
            gate.wait(0.001)
        seen.append(context.cancelled)
        return "in time"

    assert (await worker.completed(tickets))["nodes"] == {"slow": "in time"}
    await eventually(lambda: sorted(seen) == [False, True], "the first call has seen it, the second one not")


def sleep_for_ever() -> None:
    threading.Event().wait()


def children() -> list[psutil.Process]:
    """The processes of nodes; one that ended, and that nobody has waited for yet, is none any more."""

    def runs_nodes(process: psutil.Process) -> bool:
        try:
            return "engine.places.child" in " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            return False

    return list(filter(runs_nodes, psutil.Process().children()))


async def test_a_node_in_a_process_is_killed(
    tickets: Pipeline, worker: Worker, run: LongRun, processes: NodeProcesses
) -> None:
    worker.processes = processes
    tickets.node(process=True)(sleep_for_ever)
    attempt = asyncio.create_task(run.attempt())
    await eventually(lambda: len(children()) == 1, "the process runs")

    worker.cancel()

    assert isinstance(await asyncio.wait_for(attempt, SOON_SECONDS), Cancelled)
    await eventually(lambda: children() == [], "the process is gone")


async def test_of_a_map_the_finished_items_are_kept(tickets: Pipeline, worker: Worker, run: LongRun) -> None:
    running, gate, called = asyncio.Event(), asyncio.Event(), list[int]()

    @tickets.node
    async def numbers(event: TicketOpened) -> list[int]:
        return [0, 1, 2]

    @tickets.map(over=numbers)
    async def double(item: int) -> int:
        called.append(item)
        if item == 2:
            running.set()
            await gate.wait()
        return 2 * item

    await cancelled(worker, run, running)
    gate.set()

    assert (await run.completed())["nodes"]["double"] == [0, 2, 4]
    assert called == [0, 1, 2, 2]


async def test_a_node_that_ignores_its_cancellation_is_left_behind(
    tickets: Pipeline, worker: Worker, run: LongRun
) -> None:
    running, release = asyncio.Event(), asyncio.Event()

    @tickets.node
    async def deaf(event: TicketOpened) -> None:
        running.set()
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()

    await cancelled(worker, run, running)

    release.set()


async def test_endings_run_and_are_told_and_what_they_did_belongs_to_this_end(
    tickets: Pipeline, worker: Worker, run: LongRun
) -> None:
    running, told = asyncio.Event(), list[Any]()

    @tickets.node
    async def slow(event: TicketOpened) -> None:
        running.set()
        await asyncio.Event().wait()

    @tickets.finally_
    async def close(error: ErrorReport | None) -> str:
        told.append(None if error is None else error.code)
        worker.cancel()  # once more, which does no more
        await asyncio.sleep(0)
        return "closed"

    outcome = await cancelled(worker, run, running)

    assert told == ["run-cancelled"]
    assert orjson.loads(outcome.task_context)["nodes"] == {"close": "closed"}
    assert outcome.progress.checkpoints == []


async def test_an_ending_that_hangs_is_cancelled(tickets: Pipeline, worker: Worker, run: LongRun) -> None:
    running = asyncio.Event()

    @tickets.node
    async def only(event: TicketOpened) -> int:
        return 1

    @tickets.finally_
    async def close() -> None:
        running.set()
        await asyncio.Event().wait()

    outcome = await cancelled(worker, run, running)

    assert states_of(orjson.loads(outcome.task_context))["only"] == "succeeded"
    assert [checkpoint.node for checkpoint in outcome.progress.checkpoints] == ["only"]


async def test_a_node_that_is_to_be_tried_again_is_not(
    tickets: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    running = asyncio.Event()

    @tickets.node(backoff=[60])
    async def flaky(event: TicketOpened) -> None:
        raise OSError

    @tickets.node
    async def slow(event: TicketOpened) -> None:
        running.set()
        await asyncio.Event().wait()

    run = LongRun(timeless, tickets)
    outcome = await cancelled(timeless, run, running)

    assert outcome.progress.failures == {"flaky": 1}


async def test_what_is_over_can_be_cancelled_no_more(tickets: Pipeline, worker: Worker, run: LongRun) -> None:
    @tickets.node
    async def only(event: TicketOpened) -> int:
        return 1

    await run.completed()
    worker.cancel()


async def test_a_node_cannot_cancel_its_run_by_raising_the_error(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(retries=0)
    async def sly(event: TicketOpened) -> None:
        raise RunCancelled("by myself")

    assert (await worker.failed(tickets)).node == "sly"
