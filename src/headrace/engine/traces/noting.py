"""Where the lines that nodes log and print meet the call that they belong to."""

import logging
import sys
import traceback
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from headrace.domain.clock import utc_now
from headrace.engine.traces.call import Call, calling

#: What is noted of a line beside its text, and is no part of what the user wrote.
_NOTED = frozenset({"event", "level", "logger", "timestamp", "event_id", "node", "exc_info", "stack_info", "exception"})

#: The levels that every logger knows; a user's own level is told as "info".
_LEVELS = {name.lower(): getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}

# Not structlog's: its printing logger holds a lock while it prints, and what prints in a node comes here.
_log = logging.getLogger("headrace.nodes")


def note_line(_logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """A processor of structlog: gives a line that a node logs `event_id` and `node`, and keeps it with the attempt."""
    call = calling.get()
    if call is None:
        return line
    line.setdefault("event_id", call.event_id)
    line.setdefault("node", call.node)
    call.lines.add(str(line.get("level", method)), _text_of(line), call.node, utc_now())
    return line


class KeepingHandler(logging.Handler):
    """Keeps what nodes log by the standard library where the logging of the process is not ours to configure."""

    def emit(self, record: logging.LogRecord) -> None:
        call = calling.get()
        if call is None:
            return
        try:
            text = _text_of({"event": record.getMessage(), "exc_info": record.exc_info})
        except (TypeError, ValueError):  # arguments that do not fit the text
            self.handleError(record)
        else:
            call.lines.add(record.levelname.lower(), text, call.node, utc_now())


def tell(call: Call, level: str, text: str) -> None:
    """Keep a line that did not come from a logger, and log it."""
    call.lines.add(level, text, call.node, utc_now())
    current = calling.set(None)  # it is kept already, and what a handler prints must not come back here
    try:
        _log.log(_LEVELS.get(level, logging.INFO), "%s", text, extra={"event_id": call.event_id, "node": call.node})
    finally:
        calling.reset(current)


def _text_of(line: EventDict) -> str:
    """The text, the fields that the user gave with it, and the last line of an error's traceback."""
    parts = [str(line.get("event", ""))]
    parts += [f"{key}={value}" for key, value in line.items() if key not in _NOTED and not key.startswith("_")]
    text = " ".join(parts)
    error = _error_of(line.get("exc_info"))
    return text if error is None else f"{text}\n{''.join(traceback.format_exception_only(error)).strip()}"


def _error_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        error: BaseException | None = exc_info[1]
        return error
    return sys.exception() if exc_info else None
