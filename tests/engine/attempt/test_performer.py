import asyncio
import inspect
import threading
from typing import Any

import orjson
import pytest

from headrace.domain.outcome import GivenBack, NodeFailed, Suspended
from headrace.engine import Pipeline, TaskContext
from tests.engine.support import TicketOpened, Worker


async def test_a_finished_attempt_holds_event_outputs_and_times(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def classify(event: TicketOpened) -> str:
        return "lamp"

    @tickets.node
    def reply(classify: str) -> dict[str, str]:
        return {"about": classify}

    context = await worker.completed(tickets)
    assert context["event"] == worker.event.model_dump()
    assert context["nodes"] == {"classify": "lamp", "reply": {"about": "lamp"}}
    assert context["metadata"]["pipeline"] == "tickets"
    assert set(context["metadata"]["nodes"]["reply"]) == {
        "state",
        "started_at",
        "finished_at",
        "milliseconds",
        "attempts",
    }


async def test_what_is_stored_is_what_run_would_give(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def classify(event: TicketOpened, context: TaskContext) -> set[str]:
        context.metadata["note"] = {"seen": 1}
        return {event.subject}

    stored, direct = await worker.completed(tickets), tickets.run({}).model_dump(mode="json")
    assert (stored["event"], stored["nodes"]) == (direct["event"], direct["nodes"])
    assert stored["metadata"].keys() == direct["metadata"].keys()
    assert stored["metadata"]["note"] == direct["metadata"]["note"]


async def test_async_nodes_that_do_not_need_each_other_run_at_the_same_time(tickets: Pipeline, worker: Worker) -> None:
    met = asyncio.Barrier(3)

    async def meet(event: TicketOpened) -> None:
        await met.wait()

    for name in ("left", "middle", "right"):
        tickets.node(named(name, meet))
    assert set((await worker.completed(tickets))["nodes"]) == {"left", "middle", "right"}


async def test_sync_nodes_that_do_not_need_each_other_run_at_the_same_time(tickets: Pipeline, worker: Worker) -> None:
    met = threading.Barrier(2)

    @tickets.node
    def left(event: TicketOpened) -> None:
        met.wait()

    @tickets.node
    def right(event: TicketOpened) -> None:
        met.wait()

    assert set((await worker.completed(tickets))["nodes"]) == {"left", "right"}


async def test_a_node_starts_as_soon_as_its_own_inputs_are_there(tickets: Pipeline, worker: Worker) -> None:
    quick_is_through = asyncio.Event()

    @tickets.node
    async def slow(event: TicketOpened) -> None:
        await quick_is_through.wait()

    @tickets.node
    async def quick(event: TicketOpened) -> int:
        return 1

    @tickets.node
    async def behind_quick(quick: int) -> None:
        quick_is_through.set()

    assert list((await worker.completed(tickets))["nodes"]) == ["quick", "behind_quick", "slow"]


async def test_a_pipeline_without_branches_is_one_task(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def first(event: TicketOpened) -> int:
        return id(asyncio.current_task())

    @tickets.node
    async def second(first: int) -> bool:
        return first == id(asyncio.current_task())

    assert (await worker.completed(tickets))["nodes"]["second"] is True


async def test_a_failure_cancels_the_others_and_keeps_what_finished(tickets: Pipeline, worker: Worker) -> None:
    waiting, cancelled = asyncio.Event(), asyncio.Event()

    @tickets.node
    async def first(event: TicketOpened) -> str:
        return "done"

    @tickets.node
    async def slow(first: str) -> None:
        try:
            waiting.set()
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    @tickets.node(retries=0)
    async def broken(first: str) -> None:
        await waiting.wait()
        raise OSError("no route")

    failed = await worker.failed(tickets)
    assert (failed.node, failed.progress.failures) == ("broken", {"broken": 1})
    assert cancelled.is_set()
    assert orjson.loads(failed.task_context)["nodes"] == {"first": "done"}
    assert orjson.loads(failed.task_context)["metadata"]["nodes"]["broken"]["attempts"] == 1


async def test_a_failure_does_not_wait_for_a_node_in_a_thread(tickets: Pipeline, worker: Worker) -> None:
    running, release = threading.Event(), threading.Event()

    @tickets.node
    def slow(event: TicketOpened) -> None:
        running.set()
        release.wait()

    @tickets.node(retries=0)
    async def broken(event: TicketOpened) -> None:
        await asyncio.to_thread(running.wait)
        raise OSError

    try:
        assert (await worker.failed(tickets)).node == "broken"
    finally:
        release.set()


async def test_nothing_starts_behind_a_failed_node(tickets: Pipeline, worker: Worker) -> None:
    calls: list[str] = []

    @tickets.node(retries=0)
    async def broken(event: TicketOpened) -> int:
        raise OSError

    @tickets.node
    async def behind(broken: int) -> None:
        calls.append("behind")

    await worker.failed(tickets)
    assert calls == []


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Exception()])
@pytest.mark.parametrize("is_async", [True, False])
async def test_whatever_a_node_raises_is_its_own_failure(
    error: BaseException, is_async: bool, tickets: Pipeline, worker: Worker
) -> None:
    async def leave_async(event: TicketOpened) -> None:
        raise error

    def leave(event: TicketOpened) -> None:
        raise error

    tickets.node(named("leave", leave_async if is_async else leave))
    outcome = await worker.attempt(tickets)
    assert isinstance(outcome, Suspended if isinstance(error, Exception) else NodeFailed)
    assert outcome.error is not None
    assert (outcome.node, outcome.error.type) == ("leave", type(error).__name__)


async def test_a_node_that_raises_a_cancellation_of_its_own_has_failed(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def wait_for_another(event: TicketOpened) -> None:
        other = asyncio.get_running_loop().create_future()
        other.cancel()
        await other

    suspended = await worker.suspended(tickets)
    assert suspended.error is not None
    assert suspended.error.type == "asyncio.exceptions.CancelledError"


@pytest.mark.parametrize("output", [object(), float("nan"), "\ud800", iter([1])], ids=type)
async def test_an_output_without_a_json_form_fails_for_good(output: object, tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def odd(event: TicketOpened) -> Any:
        return output

    failed = await worker.failed(tickets)
    assert failed.error.code == "output-not-json"
    assert f"node 'odd' returned {type(output).__qualname__}, which has no JSON form" in failed.error.message
    assert orjson.loads(failed.task_context)["nodes"] == {}


async def test_metadata_without_a_json_form_is_the_nodes_failure_and_left_out(
    tickets: Pipeline, worker: Worker
) -> None:
    @tickets.node
    async def note(context: TaskContext) -> None:
        context.metadata["good"] = 1
        context.metadata["odd"] = object()

    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.code) == ("note", "output-not-json")
    metadata = orjson.loads(failed.task_context)["metadata"]
    assert metadata["good"] == 1
    assert "odd" not in metadata


async def test_an_event_without_a_json_form_fails_for_good(tickets: Pipeline, worker: Worker) -> None:
    worker.event = TicketOpened.model_validate({"odd": object()})
    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.code) == ("event", "output-not-json")
    assert orjson.loads(failed.task_context)["event"] is None


async def test_a_changed_output_is_stored_as_it_was_returned(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def first(event: TicketOpened) -> list[Any]:
        return [1]

    @tickets.node
    async def second(first: list[Any]) -> None:
        first.append(object())

    assert (await worker.completed(tickets))["nodes"]["first"] == [1]


async def test_cancelling_the_attempt_cancels_its_nodes_and_gives_the_run_back(
    tickets: Pipeline, worker: Worker
) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    @tickets.node
    async def slow(event: TicketOpened) -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    attempt = asyncio.create_task(worker.attempt(tickets))
    await started.wait()
    attempt.cancel()
    assert isinstance(await attempt, GivenBack)
    assert ended.is_set()


async def test_a_timeout_of_the_nodes_own_is_no_node_timeout(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(retries=0)
    async def impatient(event: TicketOpened) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    error = (await worker.failed(tickets)).error
    assert (error.type, error.code) == ("TimeoutError", "node-failed")


def named(name: str, function: Any) -> Any:
    """A function of its own for each name."""

    async def later(event: TicketOpened) -> Any:
        return await function(event)

    def now(event: TicketOpened) -> Any:
        return function(event)

    node = later if inspect.iscoroutinefunction(function) else now
    node.__name__ = name
    return node
