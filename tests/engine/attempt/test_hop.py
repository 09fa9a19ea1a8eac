import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headrace.domain.outcome import GivenBack, Suspended
from headrace.engine import NodeThreads, Pipeline, TaskContext
from headrace.engine.places.threads import Restart
from tests.engine.support import Flaky, LongRun, TicketOpened, VirtualClock, Worker
from tests.support.waiting import eventually

#: Long enough to be noticed, short enough to wait for.
BRIEF_SECONDS = 0.05


class CountedThreads(NodeThreads):
    """Keeps, by hop, what was called in it."""

    def __init__(self) -> None:
        super().__init__()
        self.hops: list[list[str]] = []

    async def hop(self, function: Callable[[Restart], None], *, timeout_seconds: float) -> None:
        self.hops.append([])
        await super().hop(function, timeout_seconds=timeout_seconds)

    def called(self, name: str) -> None:
        self.hops[-1].append(name)


@pytest.fixture
def threads() -> Iterator[CountedThreads]:
    pool = CountedThreads()
    yield pool
    pool.close()


def chain(pipeline: Pipeline, threads: CountedThreads, does: Callable[[], Any], **options: Any) -> Pipeline:
    """`first`, `second` and `third` in a row; the options are those of `second`, and what it does is given."""

    @pipeline.node
    def first(event: TicketOpened) -> str:
        threads.called("first")
        return "1"

    @pipeline.node(**options)
    def second(first: str) -> str:
        threads.called("second")
        does()
        return first + "2"

    @pipeline.node
    def third(second: str) -> str:
        threads.called("third")
        return second + "3"

    return pipeline


def nothing() -> None: ...


async def test_sync_nodes_in_a_row_run_in_one_hop(tickets: Pipeline, worker: Worker, threads: CountedThreads) -> None:
    context = await worker.completed(chain(tickets, threads, nothing))
    assert threads.hops == [["first", "second", "third"]]
    assert context["nodes"] == {"first": "1", "second": "12", "third": "123"}
    assert [node["attempts"] for node in context["metadata"]["nodes"].values()] == [1, 1, 1]


async def test_a_slow_node_ends_its_hop(
    tickets: Pipeline, timeless: Worker, clock: VirtualClock, threads: CountedThreads
) -> None:
    await timeless.completed(chain(tickets, threads, lambda: clock.move(0.06)))
    assert threads.hops == [["first", "second"], ["third"]]


async def test_a_node_that_is_stored_at_once_ends_its_hop(
    tickets: Pipeline, worker: Worker, threads: CountedThreads
) -> None:
    stored: list[Any] = []
    run = LongRun(worker, chain(tickets, threads, nothing, checkpoint=True))

    @tickets.node
    def last(third: str) -> None:
        stored.extend(sorted(name for name, _ in run.checkpoints))

    await run.completed()
    assert threads.hops == [["first", "second"], ["third"]]
    assert stored == ["first", "second"]


async def test_a_failure_in_the_middle_is_its_nodes_alone(
    tickets: Pipeline, worker: Worker, threads: CountedThreads
) -> None:
    context = await worker.completed(chain(tickets, threads, Flaky(OSError()), backoff=[0.001]))
    assert threads.hops == [["first", "second"], ["second", "third"]]
    assert {name: node["attempts"] for name, node in context["metadata"]["nodes"].items()} == {
        "first": 1,
        "second": 2,
        "third": 1,
    }


async def test_a_long_retry_in_the_middle_keeps_what_was_before(
    tickets: Pipeline, timeless: Worker, clock: VirtualClock, threads: CountedThreads
) -> None:
    run = LongRun(timeless, chain(tickets, threads, Flaky(OSError()), backoff=[60]))
    suspended = await run.suspended()
    assert [checkpoint.node for checkpoint in suspended.progress.checkpoints] == ["first"]
    clock.move(60)
    await run.completed()
    assert threads.hops == [["first", "second"], ["second", "third"]]


async def test_each_node_of_a_hop_has_its_own_timeout(
    tickets: Pipeline, worker: Worker, threads: CountedThreads
) -> None:
    release = threading.Event()
    chain(tickets, threads, release.wait, timeout_seconds=BRIEF_SECONDS)
    try:
        outcome = await worker.attempt(tickets)
    finally:
        release.set()
    assert isinstance(outcome, Suspended)
    assert outcome.error is not None
    assert (outcome.node, outcome.error.message) == ("second", "ran longer than 0.05 s")
    assert [checkpoint.node for checkpoint in outcome.progress.checkpoints] == ["first"]
    await eventually(lambda: threads.lost == 0, "the thread comes to its end")
    assert threads.hops == [["first", "second"]]


async def test_the_time_of_a_node_does_not_count_for_the_next(
    tickets: Pipeline, worker: Worker, threads: CountedThreads
) -> None:
    turn = threading.Event()

    @tickets.node(timeout_seconds=60)
    def long(event: TicketOpened) -> str:
        turn.wait(3 * BRIEF_SECONDS)
        return "long"

    @tickets.node(timeout_seconds=2 * BRIEF_SECONDS)
    def short(long: str) -> str:
        return "short"

    assert (await worker.completed(tickets))["nodes"] == {"long": "long", "short": "short"}


async def test_a_hop_whose_attempt_is_over_stops(tickets: Pipeline, worker: Worker, threads: CountedThreads) -> None:
    running, release = threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        release.wait()

    chain(tickets, threads, hold)

    @tickets.node(retries=0)
    async def broken(event: TicketOpened) -> None:
        await asyncio.to_thread(running.wait)
        raise OSError

    try:
        assert (await worker.failed(tickets)).node == "broken"
    finally:
        release.set()
    await eventually(lambda: threads.busy == 0, "the thread comes to its end")
    assert threads.hops == [["first", "second"]]


async def test_a_finish_ends_the_hop(tickets: Pipeline, worker: Worker, threads: CountedThreads) -> None:
    @tickets.node
    def first(event: TicketOpened, context: TaskContext) -> None:
        context.finish()

    @tickets.node
    def second(first: None) -> None:
        threads.called("second")

    await worker.completed(tickets)
    assert threads.hops == [[]]


async def test_a_coroutine_from_the_middle_of_a_hop_is_awaited_on_the_loop(
    tickets: Pipeline, worker: Worker, threads: CountedThreads
) -> None:
    here = threading.get_ident()

    async def later() -> bool:
        return threading.get_ident() == here

    @tickets.node
    def first(event: TicketOpened) -> int:
        return 1

    @tickets.node
    def second(first: int) -> Any:
        return later()

    @tickets.node
    def third(second: Any) -> Any:
        return second

    assert (await worker.completed(tickets))["nodes"] == {"first": 1, "second": True, "third": True}


async def test_each_node_of_a_hop_is_itself_in_what_it_leaves(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    def first(event: TicketOpened, context: TaskContext) -> int:
        context.note("here")
        context.emit({"type": "from.first"})
        return 1

    @tickets.node
    def second(first: int, context: TaskContext) -> None:
        context.note("there")

    await worker.completed(tickets)
    assert [node for node, _ in worker.notes] == ["first", "second"]


async def test_a_node_that_takes_the_context_finds_there_what_is_before_it(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    def first(event: TicketOpened) -> int:
        return 1

    @tickets.node(after=first)
    def second(context: TaskContext) -> int:
        state: str = context.metadata["nodes"]["first"]["state"]
        assert state == "succeeded"
        return int(context.nodes["first"]) + 1

    assert (await worker.completed(tickets))["nodes"] == {"first": 1, "second": 2}


async def test_what_finished_in_a_hop_is_kept_where_the_attempt_ends_meanwhile(
    tickets: Pipeline, worker: Worker, threads: CountedThreads
) -> None:
    running, release = threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        release.wait()

    chain(tickets, threads, hold)
    attempt = asyncio.create_task(worker.attempt(tickets))
    try:
        await eventually(running.is_set, "the second node runs")
        attempt.cancel()
        outcome = await attempt
    finally:
        release.set()
    assert isinstance(outcome, GivenBack)
    assert [checkpoint.node for checkpoint in outcome.progress.checkpoints] == ["first"]
