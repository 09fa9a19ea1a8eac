"""What an error of a node means: whether another try can help and when, and how it is written down."""

import asyncio
import linecache
import math
import os
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType

from pydantic import ValidationError

from headrace.domain.outcome import ErrorReport
from headrace.engine.places.errors import ProcessNodeError
from headrace.engine.traces.lines import storable
from headrace.errors import HeadraceError, InvalidEvent, Permanent, RetryAfter

#: Errors of the program or of its data: they come back at every try.
PERMANENT_ERRORS = (
    Permanent,
    TypeError,
    KeyError,
    AttributeError,
    NameError,
    ImportError,
    ValidationError,
    InvalidEvent,
)

#: The longest wait that a `RetryAfter` can ask for: a year.
LONGEST_RETRY_AFTER_SECONDS = 365 * 86_400.0

#: A message is cut here.
MESSAGE_CHARACTERS = 2_000

#: A message that is told within something else is cut here.
TOLD_CHARACTERS = 500

#: Of a deep traceback, the innermost frames are kept.
MOST_FRAMES = 30

#: The code of an error that has none of its own.
NODE_FAILED = "node-failed"

_ENGINE = str(Path(__file__).parents[1])
_HEADRACE = str(Path(__file__).parents[2])
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_INSTALLED = sysconfig.get_path("purelib")


def is_permanent(error: BaseException, retry_on: Sequence[type[BaseException]]) -> bool:
    """Whether another try cannot help.

    What `retry_on` lists is tried again, with its subclasses; `Permanent` only if it is listed by name.
    """
    if isinstance(error, ProcessNodeError):
        return error.permanent
    listed = [kind for kind in retry_on if isinstance(error, kind)]
    if isinstance(error, Permanent):
        return not any(issubclass(kind, Permanent) for kind in listed)
    # A cancellation that was not sent from here is of something that the node waited for: no exit.
    an_exit = not isinstance(error, (Exception, asyncio.CancelledError))
    return not listed and (an_exit or isinstance(error, PERMANENT_ERRORS))


def asked_seconds(error: BaseException) -> float | None:
    """The wait that a `RetryAfter` asks for; None for other errors, and where it is no usable number."""
    if isinstance(error, ProcessNodeError):
        return error.retry_after_seconds
    if not isinstance(error, RetryAfter):
        return None
    try:
        seconds = float(error.seconds)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def told(error: BaseException) -> str:
    """The error in one line, for the metadata of a node whose failure did not fail the run."""
    return f"{_storable(_type_name(type(error)))}: {_storable(_message(error))[:TOLD_CHARACTERS]}"


def report_of(error: BaseException) -> ErrorReport:
    """The error as it is stored: without locals, and without characters that Postgres refuses."""
    if isinstance(error, ProcessNodeError):
        return ErrorReport(error.type_name, error.message, error.error_code, error.frames)
    return ErrorReport(
        type=_storable(_type_name(type(error))),
        message=_storable(_message(error)),
        code=error.code if isinstance(error, HeadraceError) else NODE_FAILED,
        frames=tuple(_storable(frame) for frame in _frames(error.__traceback__)),
    )


def let_go(error: BaseException) -> None:
    """Have an error that was reported hold nothing any more: its frames refer to the attempt that refers to it."""
    errors, freed = [error], set[int]()
    while errors:
        one = errors.pop()
        if id(one) in freed:
            continue
        freed.add(id(one))
        one.__traceback__ = None
        errors += [other for other in (one.__cause__, one.__context__) if other is not None]
        if isinstance(one, BaseExceptionGroup):
            errors += one.exceptions


def _type_name(kind: type[BaseException]) -> str:
    plain = kind.__module__ in ("builtins", "__main__")
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the user's own __str__
        return "an error whose message cannot be shown"


def _storable(text: str) -> str:
    return storable(text, MESSAGE_CHARACTERS)


def _frames(trace: TracebackType | None) -> list[str]:
    """The user's own frames. A program that is itself installed as a package has none but installed ones."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(trace) if not _is_machinery(_file(frame))]
    own = [(frame, line) for frame, line in frames if not _is_below(_file(frame), _HEADRACE, _INSTALLED)]
    return [_shown(frame, line) for frame, line in (own or frames)[-MOST_FRAMES:]]


def _is_machinery(file: str) -> bool:
    standard = _is_below(file, _STANDARD_LIBRARY) and not _is_below(file, _INSTALLED)
    return standard or file.startswith("<frozen ") or _is_below(file, _ENGINE)


def _is_below(file: str, *folders: str) -> bool:
    return any(file.startswith(folder + os.sep) for folder in folders)


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _shown(frame: FrameType, line: int) -> str:
    code = frame.f_code
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return f"{code.co_filename}:{line} in {code.co_name}: {source}"
