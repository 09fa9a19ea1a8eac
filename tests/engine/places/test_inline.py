import threading
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from headrace.engine.places.inline import InlineThreads

_seen: ContextVar[int] = ContextVar("seen", default=0)


async def test_a_function_is_called_in_this_thread_in_a_context_of_its_own() -> None:
    def call(number: int) -> threading.Thread:
        _seen.set(number)
        return threading.current_thread()

    assert await InlineThreads().run(call, 3, timeout_seconds=0.001) is threading.current_thread()
    assert _seen.get() == 0


async def test_it_raises_what_the_function_raises() -> None:
    def call() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await InlineThreads().run(call, timeout_seconds=1)


async def test_no_time_begins_for_the_calls_of_a_hop() -> None:
    called: list[str] = []

    def call(restart: Callable[[float], None]) -> None:
        restart(0.001)
        called.append(threading.current_thread().name)

    threads = InlineThreads()
    await threads.hop(call, timeout_seconds=0.001)
    assert called == [threading.current_thread().name]
    assert (threads.lost, threads.busy, threads.waiting) == (0, 0, 0)
