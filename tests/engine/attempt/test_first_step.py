import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from headrace.engine.attempt.first_step import go_on


def started(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The rest of a coroutine, behind its first step."""
    return go_on(coroutine, coroutine.send(None))


async def test_the_rest_of_a_coroutine_gives_its_result() -> None:
    async def twice() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "done"

    assert await started(twice()) == "done"


async def test_an_error_of_what_is_awaited_first_reaches_the_coroutine() -> None:
    future = asyncio.get_running_loop().create_future()

    async def caught() -> str:
        try:
            await future
        except ConnectionError as error:
            await asyncio.sleep(0)
            return f"caught {error}"
        return "not reached"

    rest = started(caught())
    asyncio.get_running_loop().call_soon(future.set_exception, ConnectionError("gone"))
    assert await rest == "caught gone"


async def test_an_error_that_the_coroutine_does_not_handle_is_raised() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        await started(fails())


async def test_a_coroutine_cleans_up_when_it_is_cancelled_at_its_first_await() -> None:
    cleaned: list[str] = []

    async def holds() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("first")
            await asyncio.sleep(0)
            cleaned.append("second")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await started(holds())
    assert cleaned == ["first", "second"]


async def test_a_coroutine_may_answer_its_cancellation() -> None:
    async def answers() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "an answer"
        return "not reached"

    async def runs() -> str:
        answer: str = await started(answers())
        return answer

    task = asyncio.create_task(runs())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "an answer"


async def test_a_coroutine_is_closed_with_what_awaits_it() -> None:
    closed: list[bool] = []

    async def holds() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def runs() -> None:
        await started(holds())

    running = runs()
    running.send(None)
    running.close()
    assert closed == [True]
