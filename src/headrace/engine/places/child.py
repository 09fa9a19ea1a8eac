"""The program of a process that calls CPU nodes for a worker process, one after another."""

import asyncio
import importlib
import inspect
import os
import signal
import sys
import threading
import typing
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial, reduce
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from queue import SimpleQueue
from types import ModuleType
from typing import Any, BinaryIO
from uuid import UUID

import orjson
import structlog
from pydantic import TypeAdapter
from structlog.typing import EventDict, WrappedLogger

from headrace.domain.clock import utc_now
from headrace.engine.attempt.failures import asked_seconds, is_permanent, report_of
from headrace.engine.attempt.outputs import checked
from headrace.engine.attempt.retries import Attempt
from headrace.engine.places.frames import (
    BEGUN,
    ERROR,
    HEADER,
    LINE,
    OUTPUT,
    ErrorSent,
    LineSent,
    Place,
    Request,
    frame,
)
from headrace.engine.traces.call import Call, calling
from headrace.engine.traces.leaving import Traces, drop_note
from headrace.engine.traces.lines import Lines, storable
from headrace.engine.traces.noting import note_line
from headrace.engine.traces.printing import capture_prints, finish_prints
from headrace.settings import read_secret
from headrace.settings.logs import configure_logging

#: The name under which a program that was started by its path is imported, as `multiprocessing` does.
_MAIN = "__mp_main__"

_requests = TypeAdapter(Request)

#: Sends a frame.
Send = Callable[[bytes, bytes], None]


class _SentLines(Lines):
    """Lines that go to the worker process at once, so that they outlive this one."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def add(self, level: str, text: str, node: str, moment: datetime) -> None:  # noqa: ARG002  # both are known there
        self._send(LINE, orjson.dumps(LineSent(level=level, text=storable(text))))


def main() -> None:
    """Serve until standard input closes, which also happens when the worker process is killed."""
    receiving, sending = _take_pipes()
    # A signal to the whole group is for the worker process; programs that a node starts get the usual handlers.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    configure_logging("warning", "json", _note_alone)
    capture_prints()
    send = partial(_send, sending, threading.Lock())
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(receiving, requests), daemon=True).start()
    while True:
        _serve(_requests.validate_json(requests.get()), send)


def _note_alone(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """What a node logs is logged by the worker process, which gets it."""
    if calling.get() is None:
        return line
    note_line(logger, method, line)
    raise structlog.DropEvent


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes, out of the way of users' code, which finds an empty input, and its output in that for errors."""
    receiving, sending = os.dup(0), os.dup(1)
    # A process that a node forks would keep them open, and the end of this one unseen.
    os.register_at_fork(after_in_child=partial(os.close, receiving))
    os.register_at_fork(after_in_child=partial(os.close, sending))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(receiving, "rb"), os.fdopen(sending, "wb", buffering=0)


def _receive(receiving: BinaryIO, requests: SimpleQueue[bytes]) -> None:
    """Runs in a thread of its own, so that an end of the worker process ends this one whatever it does."""
    while len(header := receiving.read(HEADER.size)) == HEADER.size:
        requests.put(receiving.read(HEADER.unpack(header)[1]))
    os._exit(0)


def _send(sending: BinaryIO, lock: threading.Lock, kind: bytes, content: bytes) -> None:
    rest = memoryview(frame(kind, content))
    with lock:
        while rest:
            rest = rest[sending.write(rest) :]


def _serve(request: Request, send: Send) -> None:
    call = _call_of(request, send)
    calling.set(call)
    retry_on: list[type[BaseException]] = []
    try:
        retry_on += [_found(place) for place in request.retry_on]
        output = _outcome_of(request, lambda: send(BEGUN, b""))
    except BaseException as error:  # noqa: BLE001 - the engine's rim: even SystemExit is the node's own failure
        kind, content = ERROR, orjson.dumps(_sent(error, retry_on))
    else:
        kind, content = OUTPUT, output
    finish_prints(call)
    calling.set(None)
    send(kind, content)


def _call_of(request: Request, send: Send) -> Call:
    traces = Traces(Attempt(1, event_id=UUID(request.event_id), epoch=request.epoch), drop_note, utc_now)
    traces.lines = _SentLines(send)
    return Call(traces, request.node)


def _outcome_of(request: Request, begin: Callable[[], None]) -> bytes:
    function = _found(request.function)
    arguments = _arguments(function, request)
    begin()
    output = function(**arguments)
    if inspect.isawaitable(output):
        output = asyncio.run(_result_of(output))
    return checked(request.node, output)


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _arguments(function: Callable[..., Any], request: Request) -> dict[str, Any]:
    """The values of the parameters, of the types that they are annotated with."""
    try:
        types = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        types = {}
    arguments = {
        name: TypeAdapter(types.get(name, Any)).validate_json(value, by_alias=True, by_name=True)
        for name, value in request.arguments.items()
    }
    return arguments | {parameter: read_secret(name) for parameter, name in request.secrets.items()}


def _found(place: Place) -> Any:
    """The function or the class. Raises what the import of its module raises."""
    module = importlib.import_module(place.module) if place.file is None else _program(place.file)
    return reduce(getattr, place.name.split("."), module)


def _program(file: str) -> ModuleType:
    """The user's program as a module, imported once."""
    if _MAIN not in sys.modules:
        spec = spec_from_loader(_MAIN, SourceFileLoader(_MAIN, file), origin=file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[_MAIN] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[_MAIN]
            raise
    return sys.modules[_MAIN]


def _sent(error: BaseException, retry_on: Sequence[type[BaseException]]) -> ErrorSent:
    report = report_of(error)
    return ErrorSent(
        type_name=report.type.removeprefix(f"{_MAIN}."),
        message=report.message,
        error_code=report.code,
        frames=report.frames,
        permanent=is_permanent(error, retry_on),
        retry_after_seconds=asked_seconds(error),
    )
