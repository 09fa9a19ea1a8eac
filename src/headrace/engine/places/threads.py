"""Threads for sync nodes: a pool that can give up on a thread, which the standard pools cannot."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from headrace.errors import NodeTimeout

_Result = TypeVar("_Result")

#: Begins the time of a call anew, with a timeout in seconds.
Restart = Callable[[float], None]

#: Sync nodes that may run at once in one process.
DEFAULT_THREADS = 64


def _nothing() -> None:
    """Stands where a function was."""


class _Call:
    """One call on its way through the pool. The loop owns `future` and `timer`, the pool's lock the rest."""

    __slots__ = (
        "ended",
        "function",
        "future",
        "look_seconds",
        "loop",
        "started_at",
        "timeout_seconds",
        "timer",
        "written_off",
    )

    def __init__(self, function: Callable[[], Any], timeout_seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[tuple[Any, BaseException | None]] = self.loop.create_future()
        self.function = function
        self.timeout_seconds = timeout_seconds
        self.look_seconds = timeout_seconds
        self.timer: asyncio.TimerHandle | None = None
        self.started_at: float | None = None
        self.ended = False
        self.written_off = False

    def restart(self, timeout_seconds: float) -> None:
        """Begin its time anew. Runs in the thread."""
        self.started_at, self.timeout_seconds = time.monotonic(), timeout_seconds

    def answer(self, value: Any, error: BaseException | None) -> None:
        """Runs on the loop."""
        self.function = _nothing  # which knows this call, and would keep it from being freed
        if self.timer is not None:
            self.timer.cancel()
        if not self.future.done():
            self.future.set_result((value, error))


class NodeThreads:
    """Up to `limit` daemon threads, started when they are needed and kept until `close`.

    A call that outlives its timeout fails at once; its thread is written off, and replaced if it is needed.
    """

    def __init__(self, limit: int = DEFAULT_THREADS) -> None:
        self._limit = limit
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0
        self._lost = 0
        self._closed = False

    @property
    def lost(self) -> int:
        """How many threads still run a call that was given up."""
        return self._lost

    @property
    def busy(self) -> int:
        """How many threads run a call that was not given up."""
        return min(self._unfinished, self._threads)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return max(0, self._unfinished - self._threads)

    async def run(self, function: Callable[..., _Result], *arguments: Any, timeout_seconds: float) -> _Result:
        """Call a function in a thread, in a copy of this context; raises what it raises.

        Raises NodeTimeout after `timeout_seconds` in the thread; the wait for a free thread does not count.
        """
        result: _Result = await self._run(_Call(partial(copy_context().run, function, *arguments), timeout_seconds))
        return result

    async def hop(self, function: Callable[[Restart], None], *, timeout_seconds: float) -> None:
        """As `run`, for several calls in one: each begins with `restart`, which is given its own timeout.

        `timeout_seconds` is the shortest of them.
        """
        call = _Call(lambda: None, timeout_seconds)
        call.function = partial(copy_context().run, function, call.restart)
        await self._run(call)

    def close(self) -> None:
        """Let the threads go as they become idle. Nothing is waited for; later calls are refused."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._calls.put(None)

    async def _run(self, call: _Call) -> Any:
        self._take(call)
        self._watch(call, call.look_seconds)
        value, error = await call.future
        try:
            if error is not None:
                raise error
            return value
        finally:
            del call, error  # whose traceback has this frame

    def _take(self, call: _Call) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("these threads were closed")
            self._grow(self._unfinished + 1)
            self._unfinished += 1
            self._calls.put(call)

    def _grow(self, wanted: int) -> None:
        """Start a thread if every one has work; the lock is held."""
        if self._threads < min(wanted, self._limit):
            threading.Thread(target=self._serve, name="headrace-node", daemon=True).start()
            self._threads += 1

    def _serve(self) -> None:
        while self._answer(self._calls.get()):
            pass

    def _answer(self, call: _Call | None) -> bool:
        """Serve one call; says whether this thread still belongs to the pool."""
        if call is None:
            return False
        value, error = _outcome_of(call)
        with self._lock:
            call.ended = True
            if call.written_off:
                self._lost -= 1
            else:
                self._unfinished -= 1
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            call.loop.call_soon_threadsafe(call.answer, value, error)
        return not call.written_off

    def _watch(self, call: _Call, seconds: float) -> None:
        call.timer = call.loop.call_later(seconds, self._look, call)

    def _look(self, call: _Call) -> None:
        if call.started_at is None:
            self._watch(call, call.look_seconds)
            return
        left = call.started_at + call.timeout_seconds - time.monotonic()
        if left > 0:
            self._watch(call, min(left, call.look_seconds))
        elif self._write_off(call):
            call.answer(None, NodeTimeout(f"ran longer than {call.timeout_seconds:g} s"))
            self._replace()

    def _write_off(self, call: _Call) -> bool:
        with self._lock:
            if call.ended:
                return False
            call.written_off = True
            self._lost += 1
            self._unfinished -= 1
            self._threads -= 1
            return True

    def _replace(self) -> None:
        with self._lock:
            self._grow(self._unfinished)


def _outcome_of(call: _Call) -> tuple[Any, BaseException | None]:
    if call.future.cancelled():
        return None, None
    call.started_at = time.monotonic()
    try:
        return call.function(), None
    except BaseException as error:  # noqa: BLE001 - the engine's rim: even SystemExit is the node's own failure
        return None, error
