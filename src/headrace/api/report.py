"""A line for each event that was accepted, for those who watch: development, not production."""

from collections.abc import Iterable

import structlog

from headrace.domain.event import NewEvent
from headrace.engine import PipelineRegistry
from headrace.settings import Settings

_log = structlog.get_logger("headrace.events")


def report_accepted(settings: Settings, events: Iterable[NewEvent]) -> None:
    """Log events that are stored now; nothing happens unless a line for each event is wanted."""
    if settings.log_events:
        known = PipelineRegistry.types()
        for event in events:
            line = {"type": event.type, "event_id": str(event.id)}
            if event.type in known or event.task is not None:
                _log.info("accepted", **line)
            else:
                _log.warning("accepted; it waits for a pipeline of its type", **line, known=", ".join(sorted(known)))
