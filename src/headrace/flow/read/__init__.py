"""What readers see: events, lists, the ledger, health."""

from headrace.flow.read.overview import Overview
from headrace.flow.read.reader import Reader
from headrace.flow.read.searcher import Searcher
from headrace.flow.read.views import (
    AttemptView,
    CopyStanding,
    EventDetails,
    EventFilter,
    EventPage,
    EventSummary,
    EventView,
    HealthCheck,
    Hit,
    SearchPage,
    Stats,
)

__all__ = [
    "AttemptView",
    "CopyStanding",
    "EventDetails",
    "EventFilter",
    "EventPage",
    "EventSummary",
    "EventView",
    "HealthCheck",
    "Hit",
    "Overview",
    "Reader",
    "SearchPage",
    "Searcher",
    "Stats",
]
