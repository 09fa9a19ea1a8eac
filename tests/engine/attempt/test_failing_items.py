"""An item of a map that fails for good, while others are worked on."""

import asyncio
from typing import Any

import pytest
import uvloop

from headrace.domain.outcome import ErrorReport
from headrace.engine import EventSchema, NodeThreads, Pipeline
from tests.engine.support import VirtualClock, Worker


class Numbers(EventSchema, type="numbers"):
    numbers: list[int]


@pytest.fixture
def numbers() -> Pipeline:
    return Pipeline("numbers", Numbers)


async def test_the_run_fails_with_the_error_of_the_item_and_not_of_those_that_are_cancelled(numbers: Pipeline) -> None:
    cancelled: list[int] = []

    @numbers.map(over="event.numbers", retries=0)
    async def half(item: int) -> int:
        if item == 2:
            raise ValueError("two is enough")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(item)
            raise
        return item // 2

    with pytest.raises(ValueError, match="two is enough"):
        await numbers.run_async({"numbers": [1, 2, 3]})
    assert cancelled == [1]


async def test_an_item_that_is_cancelled_is_not_called_again(numbers: Pipeline) -> None:
    calls: list[int] = []

    @numbers.map(over="event.numbers", backoff=[0], retry_on=[asyncio.CancelledError])
    async def half(item: int) -> int:
        calls.append(item)
        if item == 2:
            raise TypeError("two is no number")
        await asyncio.Event().wait()
        return item // 2

    with pytest.raises(TypeError, match="two is no number"):
        await numbers.run_async({"numbers": [1, 2]})
    assert calls == [1, 2]


async def test_what_stands_in_for_one_item_hides_no_error_of_another(numbers: Pipeline) -> None:
    async def guess(item: int, error: ErrorReport) -> int:
        if item == 1:
            await asyncio.Event().wait()
        raise TypeError(error.message)

    @numbers.map(over="event.numbers", retries=0, on_error=guess)
    async def half(item: int) -> int:
        raise ValueError(f"not {item}")

    with pytest.raises(TypeError, match="not 2"):
        await numbers.run_async({"numbers": [1, 2]})


def test_items_whose_retries_came_due_while_others_were_worked_on_go_on_at_once(numbers: Pipeline) -> None:
    clock, calls = VirtualClock(), list[int]()

    @numbers.map(over="event.numbers", limit=1, backoff=[5.0])
    async def half(item: int) -> int:
        calls.append(item)
        if item == 3:
            clock.move(60)
        elif calls.count(item) == 1:
            raise ConnectionError("not yet")
        return item // 2

    async def main() -> dict[str, Any]:
        worker = Worker(NodeThreads(1), event=Numbers(numbers=[1, 2, 3]), clock=clock)
        return await worker.completed(numbers)

    # A timer of this loop does not tell its time once that has come.
    assert uvloop.run(main())["nodes"]["half"] == [0, 1, 1]
    assert calls == [1, 2, 3, 1, 2]
