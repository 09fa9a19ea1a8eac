"""From checked input to stored events."""

from headrace.flow.ingest.ingest import Ingest
from headrace.flow.ingest.room import Room
from headrace.flow.ingest.storing import Accepted

__all__ = ["Accepted", "Ingest", "Room"]
