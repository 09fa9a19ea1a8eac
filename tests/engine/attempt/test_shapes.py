import asyncio
from typing import Any

import pytest

from headrace.engine import Pipeline, TaskContext
from tests.engine.support import TicketOpened, Worker, states_of


@pytest.fixture
def routed(tickets: Pipeline) -> Pipeline:
    """A router to `left`, with `behind_left` behind it, to `right`, and to a join of both."""

    @tickets.router
    async def route(event: TicketOpened) -> Any:
        return {"none": None, "both": ["left", "right"], "function": right, "set": {"left"}}.get(
            event.subject, event.subject
        )

    @tickets.node(after=route)
    async def left() -> str:
        return "L"

    @tickets.node
    async def behind_left(left: str) -> str:
        return left * 2

    @tickets.node(after=route)
    async def right() -> str:
        return "R"

    @tickets.join
    async def gather(behind_left: str | None, right: str | None) -> list[str | None]:
        return [behind_left, right]

    return tickets


@pytest.mark.parametrize(
    ("choice", "ran", "stored"),
    [
        ("left", {"left": "L", "behind_left": "LL", "gather": ["LL", None]}, "left"),
        ("right", {"right": "R", "gather": [None, "R"]}, "right"),
        ("function", {"right": "R", "gather": [None, "R"]}, "right"),
        ("set", {"left": "L", "behind_left": "LL", "gather": ["LL", None]}, ["left"]),
        ("both", {"left": "L", "behind_left": "LL", "right": "R", "gather": ["LL", "R"]}, ["left", "right"]),
        ("none", {}, None),
    ],
)
async def test_what_a_router_chooses_runs_and_the_rest_is_skipped(
    choice: str, ran: dict[str, Any], stored: Any, routed: Pipeline, worker: Worker
) -> None:
    worker.event = TicketOpened(subject=choice)
    context = await worker.completed(routed)
    assert context["nodes"] == {"route": stored, **ran}
    skipped = {"left", "behind_left", "right", "gather"} - set(ran)
    assert {name for name, state in states_of(context).items() if state == "skipped"} == skipped


async def test_a_branch_that_is_not_behind_the_router_fails_it(routed: Pipeline, worker: Worker) -> None:
    worker.event = TicketOpened(subject="gather")
    failed = await worker.failed(routed)
    assert (failed.node, failed.error.code) == ("route", "unknown-branch")
    assert failed.error.message == "router 'route' chose 'gather'; behind it are 'left', 'right'"


@pytest.mark.parametrize(
    ("choice", "report_output", "left_output"),
    [("both", "L, R", "L"), ("left", "L, no right", "L"), ("right", "no left, R", None), ("none", None, None)],
)
async def test_an_optional_input_keeps_its_default_where_its_node_was_skipped(
    choice: str, report_output: str | None, left_output: str | None, routed: Pipeline, worker: Worker
) -> None:
    @routed.node
    async def report(left: str = "no left", right: str = "no right") -> str:
        return f"{left}, {right}"

    @routed.node
    async def needs_left(left: str, right: str = "no right") -> str:
        return left

    worker.event = TicketOpened(subject=choice)
    nodes = (await worker.completed(routed))["nodes"]
    assert (nodes.get("report"), nodes.get("needs_left")) == (report_output, left_output)


async def test_a_join_of_any_runs_as_soon_as_one_is_there(tickets: Pipeline, worker: Worker) -> None:
    joined = asyncio.Event()

    @tickets.node
    async def quick(event: TicketOpened) -> str:
        return "quick"

    @tickets.node
    async def slow(event: TicketOpened) -> str:
        await joined.wait()
        return "slow"

    @tickets.join(any=[quick, slow])
    async def first(quick: str | None, slow: str | None) -> list[str | None]:
        joined.set()
        return [quick, slow]

    context = await worker.completed(tickets)
    assert context["nodes"] == {"quick": "quick", "slow": "slow", "first": ["quick", None]}


async def test_a_join_of_any_waits_for_another_where_one_was_skipped(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(retries=0, on_error="skip")
    async def broken(event: TicketOpened) -> str:
        raise OSError

    @tickets.node
    async def whole(event: TicketOpened) -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        return "whole"

    @tickets.join(any=[broken, whole])
    async def first(broken: str | None, whole: str | None) -> list[str | None]:
        return [broken, whole]

    assert (await worker.completed(tickets))["nodes"]["first"] == [None, "whole"]


async def test_an_early_finish_skips_what_has_not_started(tickets: Pipeline, worker: Worker) -> None:
    beside_began = asyncio.Event()

    @tickets.node
    async def look(event: TicketOpened, context: TaskContext) -> str:
        await beside_began.wait()
        context.finish()
        return "nothing to do"

    @tickets.node
    async def beside(event: TicketOpened) -> str:
        beside_began.set()
        for _ in range(5):
            await asyncio.sleep(0)
        return "beside"

    @tickets.node
    async def behind(look: str) -> None: ...

    @tickets.node
    async def behind_beside(beside: str) -> None: ...

    @tickets.finally_
    async def close(error: Any) -> str:
        return "closed"

    context = await worker.completed(tickets)
    assert context["nodes"] == {"look": "nothing to do", "beside": "beside", "close": "closed"}
    assert states_of(context)["behind"] == states_of(context)["behind_beside"] == "skipped"


async def test_an_ending_gets_what_there_is_after_a_success(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def first(event: TicketOpened) -> int:
        return 1

    @tickets.finally_
    async def close(event: TicketOpened, first: int | None, error: Any) -> list[Any]:
        return [event.subject, first, error]

    assert (await worker.completed(tickets))["nodes"]["close"] == ["no light", 1, None]


async def test_an_ending_gets_the_error_after_a_failure(tickets: Pipeline, worker: Worker) -> None:
    seen: list[Any] = []

    @tickets.node
    async def first(event: TicketOpened) -> int:
        return 1

    @tickets.node(retries=0)
    async def second(first: int) -> int:
        raise OSError("no route")

    @tickets.finally_
    async def close(first: int | None, second: int | None, error: Any) -> None:
        seen.extend([first, second, error.type, error.message])

    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.message) == ("second", "no route")
    assert seen == [1, None, "OSError", "no route"]


async def test_an_ending_that_fails_fails_a_run_that_had_not_failed(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def first(event: TicketOpened) -> int:
        return 1

    @tickets.finally_(retries=0)
    async def close(error: Any) -> None:
        raise OSError("the door is stuck")

    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.message) == ("close", "the door is stuck")


async def test_an_ending_that_fails_does_not_hide_the_failure_before_it(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node(retries=0)
    async def first(event: TicketOpened) -> int:
        raise OSError("no route")

    @tickets.finally_
    async def close(error: Any) -> None:
        raise OSError("the door is stuck")

    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.message) == ("first", "no route")


async def test_an_ending_waits_until_no_pause_is_left(tickets: Pipeline, timeless: Worker) -> None:
    closed: list[str] = []

    @tickets.node
    async def flaky(event: TicketOpened) -> int:
        raise OSError

    @tickets.finally_
    async def close(error: Any) -> None:
        closed.append("closed")

    await timeless.suspended(tickets)
    assert closed == []
