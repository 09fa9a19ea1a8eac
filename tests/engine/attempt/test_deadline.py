import asyncio
from datetime import timedelta
from typing import Any

import pytest

from headrace.domain.clock import utc_now
from headrace.engine import Pipeline
from tests.engine.support import LongRun, TicketOpened, VirtualClock, Worker


@pytest.fixture
def hurried() -> Pipeline:
    return Pipeline("tickets", TicketOpened, deadline_seconds=60)


async def test_a_run_that_is_not_through_at_its_deadline_fails_as_a_whole(hurried: Pipeline, worker: Worker) -> None:
    cancelled = asyncio.Event()

    @hurried.node
    async def slow(event: TicketOpened) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    run = LongRun(worker, hurried, begun_at=utc_now() - timedelta(seconds=59.9))
    failed = await run.failed()
    assert (failed.node, failed.error.code) == (None, "deadline-exceeded")
    assert failed.error.message == "the run took longer than 60 s"
    assert failed.progress.failures == {}
    assert cancelled.is_set()


async def test_the_deadline_counts_from_the_first_attempt_over_all_pauses(
    hurried: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    calls: list[str] = []

    @hurried.node(backoff=[50, 50])
    async def flaky(event: TicketOpened) -> None:
        calls.append("flaky")
        raise OSError

    run, begun_at = LongRun(timeless, hurried), clock()
    assert (await run.suspended()).deadline == begun_at + timedelta(seconds=60)
    clock.move(50)
    assert (await run.suspended()).deadline == begun_at + timedelta(seconds=60)
    clock.move(10)
    assert (await run.failed()).error.code == "deadline-exceeded"
    assert calls == ["flaky", "flaky"]


async def test_no_node_is_called_after_the_deadline(hurried: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    calls: list[str] = []

    @hurried.node
    def late(event: TicketOpened) -> None:
        calls.append("late")

    run = LongRun(timeless, hurried, begun_at=clock())
    clock.move(60)
    assert (await run.failed()).error.code == "deadline-exceeded"
    assert calls == []


async def test_a_run_in_time_is_not_disturbed(hurried: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    hurried.sleep(seconds=30)
    run = LongRun(timeless, hurried)
    await run.suspended()
    clock.move(30)
    await run.completed()


async def test_endings_run_after_the_deadline_and_are_told(
    hurried: Pipeline, timeless: Worker, clock: VirtualClock
) -> None:
    seen: list[Any] = []

    @hurried.node
    async def slow(event: TicketOpened) -> None:
        await asyncio.Event().wait()

    @hurried.finally_
    async def close(error: Any) -> None:
        seen.append(error.code)

    run = LongRun(timeless, hurried, begun_at=clock())
    clock.move(61)
    await run.failed()
    assert seen == ["deadline-exceeded"]


async def test_without_a_deadline_a_pause_has_none(tickets: Pipeline, timeless: Worker) -> None:
    tickets.sleep(days=300)
    assert (await timeless.suspended(tickets)).deadline is None
