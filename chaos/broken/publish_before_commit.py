"""The client is told that an event is accepted before it is committed."""

import asyncio
from collections.abc import Sequence

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import put_in_place
from headrace.domain.event import NewEvent
from headrace.flow.ingest import Accepted, Ingest

_accept = Ingest.accept
_under_way: set[asyncio.Task[list[Accepted]]] = set()


async def accept(ingest: Ingest, events: Sequence[NewEvent]) -> list[Accepted]:
    """Answer at once, and store meanwhile."""
    storing = asyncio.create_task(_accept(ingest, events))
    _under_way.add(storing)
    storing.add_done_callback(_under_way.discard)
    return [Accepted(event.id, event.type) for event in events]


put_in_place(Ingest, "accept", accept)
