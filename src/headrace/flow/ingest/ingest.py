"""Accepting: events of concurrent requests are committed together, and only then is anybody told."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import psycopg
from psycopg import errors

from headrace.domain.clock import Clock
from headrace.domain.event import NewEvent
from headrace.domain.ids import new_id
from headrace.domain.states import EventState
from headrace.errors import Conflict, InvalidEvent, Unavailable
from headrace.store.database import Database
from headrace.store.events import insert_events
from headrace.store.group import GroupCommit
from headrace.store.matcher import Matcher

#: A caller has its answer after this long: stored, or refused.
ANSWER_SECONDS = 1.8

#: Requests in one commit at most.
GROUP_REQUESTS = 200

#: More requests than these are not kept waiting, but refused.
WAITING_REQUESTS = 5000

#: Commits under way at once.
FLIGHTS = 2

#: Beyond this many seconds between this machine's clock and the database's, ids take the database's time.
TOLERATED_CLOCK_SECONDS = 5.0

#: Pause before a statement whose answer was lost is sent again.
AGAIN_SECONDS = 0.05

#: Somebody's open transaction holds a key of the group, or two groups hold each other's.
_BLOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)

#: One item of the group cannot be stored as it is.
_BAD_DATA = (psycopg.DataError, psycopg.IntegrityError)

#: Called after a commit with the queue and the ids that are due in it.
Tell = Callable[[str, Sequence[UUID]], None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is stored and will be finished."""

    id: UUID
    type: str
    state: str = EventState.QUEUED


class Ingest:
    """Stores events. One instance a process; `clock_offset_seconds` answers the database's clock minus this one's."""

    def __init__(self, database: Database, tell: Tell, clock: Clock, clock_offset_seconds: Callable[[], float]) -> None:
        self._database = database
        self._tell = tell
        self._clock = clock
        self._offset_seconds = clock_offset_seconds
        self._matcher = Matcher(database, tell)
        self._group: GroupCommit[Sequence[NewEvent], None] = GroupCommit(
            self._store, GROUP_REQUESTS, FLIGHTS, lambda events: sum(len(event.body) for event in events)
        )

    def new_id(self) -> UUID:
        """An id for an event that is about to be accepted."""
        offset = self._offset_seconds()
        if abs(offset) <= TOLERATED_CLOCK_SECONDS:
            return new_id()
        return new_id(self._clock() + timedelta(seconds=offset))

    async def accept(self, events: Sequence[NewEvent]) -> list[Accepted]:
        """Store all of `events` or none, and answer them in order once they are on disk.

        Raises Unavailable when the database does not take them in time (they may be stored nevertheless), Conflict and
        InvalidEvent when it refuses them.
        """
        if self._group.waiting >= WAITING_REQUESTS:
            raise Unavailable("More is sent than the database can take.")
        stored = self._group.submit(events)
        done, _ = await asyncio.wait({stored}, timeout=ANSWER_SECONDS)
        if not done:
            stored.cancel()
            raise Unavailable("The database does not answer in time.")
        await stored
        return [Accepted(event.id, event.type) for event in events]

    async def close(self) -> None:
        """Wait until what was handed over is stored or refused, no longer than any caller waits."""
        await self._group.drained(ANSWER_SECONDS)
        await self._matcher.drained(ANSWER_SECONDS)

    async def _store(self, requests: Sequence[Sequence[NewEvent]]) -> list[BaseException | None]:
        refusal = await self._insert([event for request in requests for event in request])
        if refusal is None:
            return [None] * len(requests)
        if len(requests) == 1 or isinstance(refusal, Unavailable):
            return [refusal] * len(requests)
        return [await self._insert(request) for request in requests]

    async def _insert(self, events: Sequence[NewEvent]) -> BaseException | None:
        """Send the statement until its answer is known, which is harmless: what was stored already is left as it is."""
        give_up = time.monotonic() + ANSWER_SECONDS
        while True:
            refusal = await self._insert_once(events, give_up - time.monotonic())
            if refusal is None:
                self._tell_of(events)
                self._matcher.events_came(event.id for event in events if event.match_key is not None)
                return None
            if not isinstance(refusal, Unavailable) or time.monotonic() + AGAIN_SECONDS >= give_up:
                return refusal
            await asyncio.sleep(AGAIN_SECONDS)

    async def _insert_once(self, events: Sequence[NewEvent], seconds: float) -> BaseException | None:
        try:
            async with self._database.connection(timeout_seconds=seconds) as connection:
                await insert_events(connection, self._database, events)
        except _BLOCKED:
            return Conflict("Another transaction holds what this event needs.")
        except _BAD_DATA:
            return InvalidEvent("The database cannot store this event.")
        except psycopg.Error:
            return Unavailable("The database cannot be written now.")
        return None

    def _tell_of(self, events: Iterable[NewEvent]) -> None:
        due = sorted((event for event in events if event.task is None), key=lambda event: event.queue)
        for queue, group in groupby(due, key=lambda event: event.queue):
            self._tell(queue, [event.id for event in group])
