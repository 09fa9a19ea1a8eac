"""What readers see: events, lists, the ledger, health."""

from headrace.flow.read.overview import Overview
from headrace.flow.read.reader import Reader
from headrace.flow.read.views import (
    AttemptView,
    EventDetails,
    EventFilter,
    EventPage,
    EventSummary,
    EventView,
    HealthCheck,
    Stats,
)

__all__ = [
    "AttemptView",
    "EventDetails",
    "EventFilter",
    "EventPage",
    "EventSummary",
    "EventView",
    "HealthCheck",
    "Overview",
    "Reader",
    "Stats",
]
