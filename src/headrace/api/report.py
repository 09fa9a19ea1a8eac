"""A line for each event that was accepted, for those who watch: development, not production."""

from collections.abc import Iterable

import structlog

from headrace.domain.event import NewEvent
from headrace.settings import Settings

_log = structlog.get_logger("headrace.events")


def report_accepted(settings: Settings, events: Iterable[NewEvent]) -> None:
    """Log events that are stored now; nothing happens unless a line for each event is wanted."""
    if settings.log_events:
        for event in events:
            _log.info("accepted", type=event.type, event_id=str(event.id))
