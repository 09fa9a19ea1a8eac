import asyncio
import threading
from contextlib import suppress
from typing import Annotated

import orjson
import pytest

from headrace.domain.outcome import Completed, NodeFailed
from headrace.engine import Attempt, Means, NodeThreads, Pipeline, Resource, perform
from headrace.engine.attempt.caller import CANCEL_SECONDS
from tests.engine.support import TicketOpened, Worker

#: Long enough to be noticed, short enough to wait for.
BRIEF_SECONDS = 0.05


async def test_an_async_node_past_its_timeout_is_cancelled_and_fails(tickets: Pipeline, worker: Worker) -> None:
    cancelled = asyncio.Event()

    @tickets.node(timeout_seconds=BRIEF_SECONDS)
    async def sleepy(event: TicketOpened) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    suspended = await worker.suspended(tickets)
    assert cancelled.is_set()
    assert suspended.progress.failures == {"sleepy": 1}
    assert suspended.error is not None
    assert (suspended.error.code, suspended.error.message) == ("node-timeout", "ran longer than 0.05 s")


async def test_a_node_that_answers_its_cancellation_with_a_result_was_late_all_the_same(
    tickets: Pipeline, worker: Worker
) -> None:
    @tickets.node(timeout_seconds=BRIEF_SECONDS, retries=0)
    async def stubborn(event: TicketOpened) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "too late"
        return "never"

    assert (await worker.failed(tickets)).error.code == "node-timeout"


async def test_an_error_in_the_cleaning_up_does_not_hide_the_timeout(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(timeout_seconds=BRIEF_SECONDS)
    async def clumsy(event: TicketOpened) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("not open")

    suspended = await worker.suspended(tickets)
    assert suspended.error is not None
    assert suspended.error.code == "node-timeout"


async def test_a_node_that_ignores_its_cancellation_is_abandoned(tickets: Pipeline, worker: Worker) -> None:
    release = asyncio.Event()
    calls: list[str] = []

    @tickets.node(timeout_seconds=BRIEF_SECONDS)
    async def deaf(event: TicketOpened) -> int:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                calls.append("cancelled")
        return 1

    @tickets.node
    async def behind(deaf: int) -> None:
        calls.append("behind")

    suspended = await worker.suspended(tickets)
    assert (suspended.node, suspended.progress.failures) == ("deaf", {"deaf": 1})
    assert suspended.error is not None
    assert suspended.error.code == "node-timeout"
    release.set()
    await everything_else()
    assert calls == ["cancelled"]


async def test_a_sibling_that_ignores_its_cancellation_does_not_hold_the_failure(
    tickets: Pipeline, worker: Worker
) -> None:
    release, running = asyncio.Event(), asyncio.Event()

    @tickets.node
    async def deaf(event: TicketOpened) -> None:
        running.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    @tickets.node(retries=0)
    async def broken(event: TicketOpened) -> None:
        await running.wait()
        raise OSError

    assert (await worker.failed(tickets)).node == "broken"
    release.set()
    await everything_else()


async def test_a_timeout_is_retried_as_any_failure(tickets: Pipeline, worker: Worker) -> None:
    calls = 0

    @tickets.node(timeout_seconds=BRIEF_SECONDS, backoff=[0.001])
    async def slow_at_first(event: TicketOpened) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return calls

    @tickets.node
    async def behind(slow_at_first: int) -> int:
        await asyncio.sleep(0)
        return slow_at_first

    assert (await worker.completed(tickets))["nodes"] == {"slow_at_first": 2, "behind": 2}


async def test_a_node_in_time_is_never_taken_for_an_abandoned_one(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(timeout_seconds=BRIEF_SECONDS)
    async def quick(event: TicketOpened) -> int:
        return 1

    @tickets.node
    async def long(quick: int) -> int:
        await asyncio.sleep(BRIEF_SECONDS + CANCEL_SECONDS + 0.1)
        return 2

    assert (await worker.completed(tickets))["nodes"] == {"quick": 1, "long": 2}


async def test_a_sync_node_past_its_timeout_fails_at_once_and_its_thread_is_written_off(
    tickets: Pipeline, worker: Worker
) -> None:
    release = threading.Event()

    @tickets.node(timeout_seconds=BRIEF_SECONDS)
    def stuck(event: TicketOpened) -> None:
        release.wait()

    try:
        suspended = await worker.suspended(tickets)
        assert suspended.error is not None
        assert (suspended.error.code, suspended.progress.failures) == ("node-timeout", {"stuck": 1})
        assert worker.threads.lost == 1
    finally:
        release.set()


async def test_a_sync_node_is_not_charged_for_waiting_for_a_thread(tickets: Pipeline) -> None:
    one_thread = NodeThreads(limit=1)
    first_is_running, release = threading.Event(), threading.Event()

    def occupy() -> None:
        first_is_running.set()
        release.wait()

    @tickets.node(timeout_seconds=4 * BRIEF_SECONDS)
    def quick(event: TicketOpened) -> str:
        return "done"

    occupied = asyncio.create_task(one_thread.run(occupy, timeout_seconds=60))
    await asyncio.to_thread(first_is_running.wait)
    attempt = asyncio.create_task(perform(tickets, TicketOpened(), Attempt(1), Means(one_thread)))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(attempt), 6 * BRIEF_SECONDS)
    release.set()
    outcome = await attempt
    assert isinstance(outcome, Completed)
    assert b'"quick":"done"' in outcome.task_context
    await occupied
    one_thread.close()


async def everything_else() -> None:
    """Until no other task is left."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


async def test_a_sibling_that_ends_during_the_endings_is_not_called_again_and_does_not_end_them(
    tickets: Pipeline, worker: Worker
) -> None:
    calls: list[str] = []
    released = asyncio.Event()

    @tickets.node(backoff=[0.0], timeout_seconds=0.05)
    async def stubborn(event: TicketOpened) -> None:
        calls.append("stubborn")
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()
        raise OSError

    @tickets.node(retries=0)
    async def broken(event: TicketOpened) -> None:
        raise OSError

    @tickets.finally_
    async def report() -> str:
        await asyncio.sleep(2 * BRIEF_SECONDS)  # beyond the moment at which `stubborn` would be abandoned
        released.set()
        await asyncio.sleep(BRIEF_SECONDS)
        return "told"

    outcome = await worker.failed(tickets)
    assert outcome.node == "broken"
    assert orjson.loads(outcome.task_context)["nodes"] == {"report": "told"}
    assert calls == ["stubborn"]


async def never_connects() -> str:
    await asyncio.Event().wait()
    return "connected"


async def test_a_resource_that_never_opens_is_a_timeout_of_the_node(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(timeout_seconds=BRIEF_SECONDS, retries=0)
    async def ask(event: TicketOpened, bank: Annotated[str, Resource(never_connects)]) -> None: ...

    means = worker.means()
    outcome = await perform(tickets, worker.event, Attempt(number=1), means)
    await means.resources.close()
    assert isinstance(outcome, NodeFailed)
    assert outcome.error.code == "node-timeout"
    assert outcome.error.message == "waited longer than 0.05 s for its resources"
