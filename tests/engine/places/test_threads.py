import asyncio
import contextvars
import threading
from collections.abc import Callable

import pytest

from headrace.engine import NodeThreads
from headrace.errors import NodeTimeout

colour = contextvars.ContextVar("colour", default="none")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that a thread does; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - threads set it, no task
            await asyncio.sleep(0.001)


async def test_a_call_returns_what_the_function_returns(threads: NodeThreads) -> None:
    assert await threads.run(divmod, 7, 2, timeout_seconds=5) == (3, 1)


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
async def test_a_call_raises_what_the_function_raises(kind: type[BaseException], threads: NodeThreads) -> None:
    def leave() -> None:
        raise kind("left")

    with pytest.raises(kind, match="left"):
        await threads.run(leave, timeout_seconds=5)
    assert await threads.run(int, timeout_seconds=5) == 0


async def test_the_function_runs_in_a_daemon_thread_and_in_a_copy_of_the_context(
    threads: NodeThreads,
) -> None:
    def look() -> tuple[bool, str]:
        seen = colour.get()
        colour.set("changed")
        return threading.current_thread().daemon, seen

    colour.set("red")
    assert await threads.run(look, timeout_seconds=5) == (True, "red")
    assert colour.get() == "red"


async def test_threads_are_used_again(threads: NodeThreads) -> None:
    used = {await threads.run(threading.get_ident, timeout_seconds=5) for _ in range(20)}
    assert len(used) == 1


async def test_no_more_than_the_limit_run_at_once() -> None:
    threads = NodeThreads(limit=3)
    lock, release = threading.Lock(), threading.Event()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        release.wait()
        with lock:
            running -= 1

    calls = [asyncio.create_task(threads.run(work, timeout_seconds=60)) for _ in range(10)]
    await until(lambda: running == 3)
    assert threads.busy == 3
    release.set()
    await asyncio.gather(*calls)
    assert (most, threads.busy) == (3, 0)
    threads.close()


async def test_a_thread_that_is_written_off_is_replaced_and_comes_back_to_nobody() -> None:
    threads = NodeThreads(limit=1)
    release = threading.Event()
    lost: list[threading.Thread] = []

    def hang() -> None:
        lost.append(threading.current_thread())
        release.wait()

    stuck = asyncio.create_task(threads.run(hang, timeout_seconds=0.05))
    waiting = asyncio.create_task(threads.run(threading.get_ident, timeout_seconds=5))
    with pytest.raises(NodeTimeout, match=r"longer than 0\.05 s"):
        await stuck
    replacement = await waiting
    assert (threads.lost, threads.busy) == (1, 0)
    release.set()
    await until(lambda: threads.lost == 0 and not lost[0].is_alive())
    assert await threads.run(threading.get_ident, timeout_seconds=5) == replacement
    threads.close()


async def test_a_call_that_waited_long_for_its_thread_is_timed_from_its_start() -> None:
    threads = NodeThreads(limit=1)
    first, second = threading.Event(), threading.Event()
    occupied = asyncio.create_task(threads.run(first.wait, timeout_seconds=60))
    stuck = asyncio.create_task(threads.run(second.wait, timeout_seconds=0.05))
    await asyncio.wait([stuck], timeout=0.15)
    assert not stuck.done()
    first.set()
    with pytest.raises(NodeTimeout):
        await stuck
    await occupied
    second.set()
    threads.close()


async def test_a_cancelled_call_that_never_ends_is_written_off_at_its_timeout(threads: NodeThreads) -> None:
    running, release = threading.Event(), threading.Event()

    def work() -> None:
        running.set()
        release.wait()

    call = asyncio.create_task(threads.run(work, timeout_seconds=0.05))
    await until(running.is_set)
    call.cancel()
    await until(lambda: threads.lost == 1)
    release.set()
    await until(lambda: threads.lost == 0)


async def test_a_call_cancelled_while_it_waits_for_a_thread_is_not_made() -> None:
    threads = NodeThreads(limit=1)
    release = threading.Event()
    calls: list[str] = []
    first = asyncio.create_task(threads.run(release.wait, timeout_seconds=60))
    second = asyncio.create_task(threads.run(calls.append, "second", timeout_seconds=60))
    third = asyncio.create_task(threads.run(calls.append, "third", timeout_seconds=60))
    await asyncio.sleep(0)
    second.cancel()
    release.set()
    await asyncio.gather(first, third)
    assert calls == ["third"]
    threads.close()


async def test_threads_end_when_they_are_closed_and_refuse_new_calls() -> None:
    threads = NodeThreads()
    thread = await threads.run(threading.current_thread, timeout_seconds=5)
    threads.close()
    await until(lambda: not thread.is_alive())
    with pytest.raises(RuntimeError, match="closed"):
        await threads.run(int, timeout_seconds=5)


def test_a_call_that_outlives_its_loop_does_no_harm() -> None:
    threads = NodeThreads(limit=1)
    release = threading.Event()

    async def begin() -> None:
        call = asyncio.create_task(threads.run(release.wait, timeout_seconds=60))
        await until(lambda: threads.busy == 1)
        call.cancel()

    asyncio.run(begin())
    release.set()
    assert asyncio.run(threads.run(int, timeout_seconds=5)) == 0
    threads.close()
