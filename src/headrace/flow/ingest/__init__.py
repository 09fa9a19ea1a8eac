"""From checked input to stored events."""

from headrace.flow.ingest.ingest import Accepted, Ingest

__all__ = ["Accepted", "Ingest"]
