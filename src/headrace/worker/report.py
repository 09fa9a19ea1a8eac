"""A line for each event that finished or failed, for those who watch: development, not production."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import structlog

from headrace.domain.outcome import ErrorReport
from headrace.domain.settle import Delayed, Finished, Parked, Released, Settled
from headrace.settings import Settings

_log = structlog.get_logger("headrace.events")


def report_settled(settings: Settings) -> Callable[[Settled], None]:
    """What to call with each settled run: nothing happens unless a line for each event is wanted."""
    return _report if settings.log_events else _be_silent


def _be_silent(settled: Settled) -> None:  # noqa: ARG001  # nobody watches
    return


def _report(settled: Settled) -> None:
    run = settled.run
    event = {"type": run.type, "event_id": str(run.event_id), "attempt": run.attempt}
    match settled:
        case Finished(error=None):
            _log.info(settled.state.value, **event)
        case Finished(error=error):
            _log.error(settled.state.value, **event, node=settled.node, error=_text(error), stack=_frames(error))
        case Delayed(error=None):
            _log.info("waiting", **event, reason=settled.reason.value, until=_until(settled.due))
        case Delayed():
            _log.warning(
                "attempt failed",
                **event,
                node=settled.node,
                error=_text(settled.error),
                stack=f"{_frames(settled.error)}\n  {_again(settled)}",
            )
        case Parked():
            _log.warning("waiting", **event, reason=settled.reason, error=_text(settled.error))
        case Released():
            _log.info("given back", **event)
        case _:
            assert_never(settled)


def _text(error: ErrorReport | None) -> str:
    return "" if error is None else f"{error.type}: {error.message}"


def _frames(error: ErrorReport | None) -> str:
    return "" if error is None else "\n".join(f"  {frame}" for frame in error.frames)


def _again(delayed: Delayed) -> str:
    return f"runs again at {_until(delayed.due)}; at once: headrace events retry-now {delayed.run.event_id}"


def _until(due: datetime | None) -> str:
    return "an event comes" if due is None else f"{due.astimezone():%Y-%m-%d %H:%M:%S}"
