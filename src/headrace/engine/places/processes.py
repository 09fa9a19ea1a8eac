"""Processes for CPU nodes: a pool that ends a process whose node takes too long, and survives one that dies."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from headrace.engine.json_form import to_json
from headrace.engine.places.errors import ProcessDied, ProcessNodeError
from headrace.engine.places.frames import BEGUN, CALL, ERROR, HEADER, LINE, Request, frame
from headrace.engine.places.importable import place_of
from headrace.engine.traces.call import Call
from headrace.engine.traces.noting import tell
from headrace.errors import NodeTimeout

#: CPU nodes that may run at once in one worker process.
DEFAULT_PROCESSES = os.cpu_count() or 1

#: A process must have started and imported the function's module within so many seconds.
START_SECONDS = 60.0

#: One that was killed or closed its pipe is given so long to be gone.
END_SECONDS = 1.0

#: It finds modules where this process finds them.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from headrace.engine.places.child import main; main()"


class _EndedUnused(ProcessDied):
    """It ended before it called the function."""


class NodeProcesses:
    """Up to `limit` processes, started when they are needed and kept until `close`; of one event loop.

    They end with this process, however it ends.
    """

    def __init__(self, limit: int = DEFAULT_PROCESSES) -> None:
        self._free = asyncio.Semaphore(limit)
        self._idle: list[Process] = []
        self._processes: list[Process] = []
        self._closed = False

    async def run(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        timeout_seconds: float | None,
        call: Call,
        *,
        retry_on: Sequence[type[BaseException]] = (),
        secrets: Mapping[str, str] | None = None,
    ) -> bytes:
        """The JSON of what a function of a module returns in a process; its lines are kept and logged here.

        `arguments` are written as JSON and read as what the parameters are annotated with; `secrets` names a
        secret for each parameter that is one, and the process reads it. Raises ProcessNodeError for what the
        function raised, ProcessDied where its process ended, NodeTimeout `timeout_seconds` after it was called
        (the wait for a process does not count), and ValueError for an argument that has no JSON form.
        """
        request = Request(
            function=place_of(function),
            arguments={name: to_json(value).decode() for name, value in arguments.items()},
            secrets=secrets or {},
            retry_on=[place_of(kind) for kind in retry_on],
            event_id=call.event_id,
            node=call.node,
            epoch=call.traces.epoch,
        )
        async with self._free:
            kind, content = await self._answer(frame(CALL, orjson.dumps(request)), timeout_seconds, call)
        if kind == ERROR:
            raise ProcessNodeError(**orjson.loads(content))
        return content

    async def close(self) -> None:
        """End the processes, busy or not, and see them go; later calls are refused."""
        self._closed = True
        for process in self._processes:
            _kill(process)
        if self._processes:
            await asyncio.wait(
                [asyncio.ensure_future(process.wait()) for process in self._processes], timeout=END_SECONDS
            )

    async def _answer(self, request: bytes, timeout_seconds: float | None, call: Call) -> tuple[bytes, bytes]:
        while self._idle:
            with contextlib.suppress(_EndedUnused):  # while it was idle: another one is asked
                return await self._ask(self._idle.pop(), request, timeout_seconds, call)
        return await self._ask(await self._start(), request, timeout_seconds, call)

    async def _start(self) -> Process:
        if self._closed:
            raise RuntimeError("these processes were closed")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, *sys.path, stdin=PIPE, stdout=PIPE
        )
        self._processes = [other for other in self._processes if other.returncode is None]
        self._processes.append(process)
        return process

    async def _ask(
        self, process: Process, request: bytes, timeout_seconds: float | None, call: Call
    ) -> tuple[bytes, bytes]:
        try:
            answer = await _asked(process, request, timeout_seconds, call)
        except BaseException:  # a cancellation, too: what it runs cannot be stopped in another way
            _kill(process)
            raise
        self._idle.append(process)
        return answer


async def _asked(process: Process, request: bytes, timeout_seconds: float | None, call: Call) -> tuple[bytes, bytes]:
    """The frame with the output or the error."""
    loop, begun = asyncio.get_running_loop(), False
    try:
        async with asyncio.timeout(START_SECONDS) as deadline:
            await _send(process, request)
            kind, content = await _next(process, call)
            if kind == BEGUN:
                begun = True
                deadline.reschedule(None if timeout_seconds is None else loop.time() + timeout_seconds)
                kind, content = await _next(process, call)
    except TimeoutError as error:
        if begun:
            raise NodeTimeout(f"ran longer than {timeout_seconds:g} s") from error
        raise ProcessDied(f"the process of the node did not start within {START_SECONDS:g} s") from error
    except (EOFError, ConnectionError) as error:
        kind_of_end = ProcessDied if begun else _EndedUnused
        raise kind_of_end(await _end_of(process)) from error
    return kind, content


async def _send(process: Process, request: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(request)
    await process.stdin.drain()


async def _next(process: Process, call: Call) -> tuple[bytes, bytes]:
    """The next frame that is no line; lines are told."""
    assert process.stdout is not None
    while True:
        kind, length = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
        content = await process.stdout.readexactly(length)
        if kind != LINE:
            return kind, content
        tell(call, **orjson.loads(content))
        await asyncio.sleep(0)  # many lines may be here already, and others want the loop


async def _end_of(process: Process) -> str:
    """How a process ended, in words."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    match process.returncode:
        case None:
            return "the process of the node closed its pipe"
        case code if code < 0:
            hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
            return f"the process of the node was ended by {signal.Signals(-code).name}{hint}"
        case code:
            return f"the process of the node ended by itself with exit code {code}"


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
