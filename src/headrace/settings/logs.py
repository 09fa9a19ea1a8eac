"""How a process logs: one form for our lines and those of libraries, on standard error, without passwords."""

import json
import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from headrace.settings.masking import mask_url

#: Libraries that tell more than a reader wants; from them only warnings and worse.
_QUIET = (
    "alembic",
    "amqp",
    "asyncio",
    "celery",
    "httpcore2",
    "httpx",
    "httpx2",
    "kombu",
    "uvicorn.error",
    "watchfiles",
)

#: Loggers that may bring handlers of their own; their lines come through ours.
_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")


def configure_logging(level: str, log_format: str) -> None:
    """Log lines of `level` ("debug" … "critical") and worse to standard error.

    `log_format` is "console", "json" (one object a line, its text in `message`), or "auto": by the terminal.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    terminal = sys.stderr.isatty()
    as_console = log_format == "console" or (log_format == "auto" and terminal)
    noted = _noted(as_console)
    structlog.configure(
        processors=[*noted, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=noted, processors=_rendering(as_console, colors=terminal))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    _set_libraries(threshold)


def _noted(as_console: bool) -> list[Processor]:
    """What is noted of each line when it is written."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
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
    return mask_url(str(line))


def _set_libraries(threshold: int) -> None:
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    logging.getLogger("celery.task").setLevel(threshold)  # what users' tasks log
    for name in _UVICORN:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = name != "uvicorn.access"
