from typing import Any

import pytest

from headrace.domain.outcome import ErrorReport, NodeFailed
from headrace.engine import Fallback, Pipeline, TaskContext
from headrace.errors import Permanent
from tests.engine.support import Flaky, TicketOpened, Worker, states_of


def broken(pipeline: Pipeline, on_error: Any) -> None:
    """A node `count` that fails twice, for good, and `text`, which takes it."""

    @pipeline.node(backoff=[0.001], on_error=on_error)
    async def count(event: TicketOpened) -> int:
        raise OSError(f"cannot count {event.subject}")

    @pipeline.node
    async def text(count: int) -> str:
        return str(count)


async def length(event: TicketOpened, error: ErrorReport) -> int:
    return len(event.subject) + len(error.message)


def length_in_a_thread(event: TicketOpened, error: ErrorReport) -> int:
    return len(event.subject) + len(error.message)


@pytest.mark.parametrize(("on_error", "output"), [(Fallback(7), 7), (length, 29), (length_in_a_thread, 29)])
async def test_what_stands_in_takes_the_place_of_the_output(
    on_error: Any, output: int, tickets: Pipeline, worker: Worker
) -> None:
    broken(tickets, on_error)
    context = await worker.completed(tickets)
    assert context["nodes"] == {"count": output, "text": str(output)}
    told = context["metadata"]["nodes"]["count"]
    assert (told["state"], told["attempts"], told["error"]) == ("succeeded", 2, "OSError: cannot count no light")


async def test_a_skip_skips_the_node_and_what_needs_it(tickets: Pipeline, worker: Worker) -> None:
    broken(tickets, "skip")

    @tickets.node
    async def other(event: TicketOpened) -> int:
        return 1

    @tickets.node
    async def lenient(other: int, count: int = 5) -> int:
        return other + count

    context = await worker.completed(tickets)
    assert context["nodes"] == {"other": 1, "lenient": 6}
    assert states_of(context)["text"] == "skipped"
    assert context["metadata"]["nodes"]["count"] == {
        "state": "skipped",
        "error": "OSError: cannot count no light",
        "attempts": 2,
    }


async def test_nothing_stands_in_while_a_retry_is_left(tickets: Pipeline, timeless: Worker) -> None:
    called: list[str] = []

    def instead(error: Any) -> int:
        called.append("instead")
        return 1

    @tickets.node(backoff=[60], on_error=instead)
    async def count(event: TicketOpened) -> int:
        raise OSError

    await timeless.suspended(tickets)
    assert called == []


async def test_a_failure_of_what_stands_in_fails_the_node(tickets: Pipeline, worker: Worker) -> None:
    def instead(error: Any) -> int:
        raise LookupError("nothing instead")

    broken(tickets, instead)
    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.type, failed.error.message) == ("count", "LookupError", "nothing instead")


async def test_what_stands_in_is_told_apart_where_it_leaves_something(tickets: Pipeline, worker: Worker) -> None:
    def instead(context: TaskContext, error: Any) -> int:
        context.note("standing in")
        return 1

    broken(tickets, instead)
    await worker.completed(tickets)
    assert worker.notes == [("count.on_error", {"message": "standing in"})]


async def test_what_stands_in_for_a_router_must_choose_a_branch_too(tickets: Pipeline, worker: Worker) -> None:
    @tickets.router(retries=0, on_error=Fallback("nowhere"))
    async def route(event: TicketOpened) -> str:
        raise OSError

    @tickets.node(after=route)
    async def left() -> None: ...

    assert (await worker.failed(tickets)).error.code == "unknown-branch"


async def test_a_node_that_succeeds_at_a_retry_needs_nothing_instead(tickets: Pipeline, worker: Worker) -> None:
    flaky = Flaky(OSError())

    @tickets.node(backoff=[0.001], on_error=Fallback(0))
    async def count(event: TicketOpened) -> int:
        return flaky()

    assert (await worker.completed(tickets))["nodes"] == {"count": 2}


async def test_without_on_error_the_first_final_failure_fails_the_run(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def count(event: TicketOpened) -> int:
        raise Permanent("no")

    outcome = await worker.attempt(tickets)
    assert isinstance(outcome, NodeFailed)
    assert (outcome.node, outcome.error.code) == ("count", "permanent")
