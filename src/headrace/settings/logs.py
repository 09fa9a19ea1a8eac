"""How a process logs: one form for our lines and those of libraries, on standard error, without secrets."""

import json
import logging
import sys
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from headrace.settings.masking import mask

#: Libraries that tell more than a reader wants; from them only warnings and worse.
_QUIET = (
    "alembic",
    "amqp",
    "asyncio",
    "celery",
    "elastic_transport",
    "httpcore2",
    "httpx",
    "httpx2",
    "kombu",
    "uvicorn.error",
    "watchfiles",
)

#: Loggers that may bring handlers of their own; their lines come through ours.
_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")


#: What `noting` gets at least, however little is to be seen.
_NOTING_THRESHOLD = logging.INFO


def configure_logging(level: str, log_format: str, noting: Processor | None = None) -> None:
    """Log lines of `level` ("debug" … "critical") and worse to standard error.

    `log_format` is "console", "json" (one object a line, its text in `message`), or "auto": by the terminal.
    `noting` is called with each line, ours and those of libraries, and may add fields to it. It gets lines from
    "info" on even where `level` lets none but worse ones be seen.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    terminal = sys.stderr.isatty()
    as_console = log_format == "console" or (log_format == "auto" and terminal)
    noted = _noted(as_console)
    lowest = threshold
    if noting is not None:
        noted += [noting, _SeenFrom(threshold)]
        lowest = min(threshold, _NOTING_THRESHOLD)
    structlog.configure(
        processors=[*noted, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = _Seen(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=noted, processors=_rendering(as_console, colors=terminal))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(lowest)
    _set_libraries(lowest)


class MaskingFormatter(logging.Formatter):
    """Makes of a line what another formatter does, without secrets: for handlers that others have set up."""

    def __init__(self, other: logging.Formatter | None) -> None:
        super().__init__()
        self._other = other or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return mask(self._other.format(record))


class _SeenFrom:
    """Ends the way of a line below the threshold: it was written to be noted."""

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        record = line.get("_record")
        level = logging.getLevelNamesMapping()[line["level"].upper()] if record is None else record.levelno
        if level < self._threshold:
            raise structlog.DropEvent
        return line


class _Seen(logging.StreamHandler[TextIO]):
    """Writes the lines of libraries that are not dropped on their way to a text."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(structlog.DropEvent):
            super().emit(record)


def _noted(as_console: bool) -> list[Processor]:
    """What is noted of each line when it is written."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(("event_id", "node")),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_console else "iso", utc=not as_console),
    ]


def _rendering(as_console: bool, colors: bool) -> list[Processor]:
    """From what was noted to the text of the line."""
    # Plain tracebacks: the pretty ones print local variables, and payloads and secrets are among them.
    plain = structlog.dev.plain_traceback
    form: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, sort_keys=False)]
        if as_console
        else [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer(json.dumps)]
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        *form,
        _mask_line,
    ]


def _mask_line(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    return mask(str(line))


def _set_libraries(threshold: int) -> None:
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    logging.getLogger("celery.task").setLevel(threshold)  # what users' tasks log
    for name in _UVICORN:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"
