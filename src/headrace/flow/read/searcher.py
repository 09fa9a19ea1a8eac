"""Searches: what the copy finds, as Postgres has it."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from headrace.domain.highlights import highlights
from headrace.domain.ids import time_of
from headrace.domain.making import FinishedEvent, MakingOptions, trees_of
from headrace.domain.query import Query
from headrace.domain.states import EventState
from headrace.flow.read.connecting import reading
from headrace.flow.read.views import CopyStanding, Hit, SearchPage
from headrace.search.port import MOST_COUNTED, Search, SearchCopy
from headrace.store.body import unpack
from headrace.store.database import Database
from headrace.store.finished import read_finished
from headrace.store.projections import read_lag

#: Events that are read, whole, at a time.
TOGETHER = 10


class Searcher:
    """Asks the copy, and reads the hits where the truth is. The copy is a `fallback` where no Elasticsearch is."""

    def __init__(self, database: Database, copy: SearchCopy, options: MakingOptions, *, is_fallback: bool) -> None:
        self._database = database
        self._copy = copy
        self._options = options
        self._is_fallback = is_fallback

    async def search(self, wanted: Search) -> SearchPage:
        """A page of hits, the newest event first. What is gone since the copy was told has no hit: a page may be short
        of `limit` and have a next one. Raises CopyAway, Unavailable.
        """
        found = await self._copy.search(wanted)
        async with reading(self._database) as connection:
            lag = await read_lag(connection, self._database)
        hits: list[Hit] = []
        for place in range(0, len(found.ids), TOGETHER):
            hits += await self._hits(found.ids[place : place + TOGETHER], wanted.query)
        return SearchPage(
            hits=hits,
            total=found.total,
            total_is_exact=found.total < MOST_COUNTED,
            facets=found.facets,
            copy=CopyStanding(self._copy.name, self._is_fallback, lag.waiting, lag.seconds),
            next_cursor=found.ids[-1] if len(found.ids) == wanted.limit else None,
        )

    async def _hits(self, ids: Sequence[UUID], query: Query) -> list[Hit]:
        """Those of the events that are finished, in their order. A thread looks through them, which may be large."""
        async with reading(self._database) as connection:
            events = await read_finished(connection, self._database, ids)
        there = {event.event_id: event for event in events if isinstance(event, FinishedEvent)}
        return await asyncio.to_thread(lambda: [self._hit(there[id_], query) for id_ in ids if id_ in there])

    def _hit(self, event: FinishedEvent, query: Query) -> Hit:
        trees = trees_of(event, unpack(event.body), self._options)
        return Hit(
            id=event.event_id,
            type=event.type,
            state=EventState(event.state),
            reason=event.reason,
            node=event.node,
            key=event.key,
            source=event.source,
            subject=event.subject,
            release=event.release,
            attempts=event.attempts,
            created_at=time_of(event.event_id),
            finished_at=event.finished_at,
            highlights=highlights(trees, query),
        )
