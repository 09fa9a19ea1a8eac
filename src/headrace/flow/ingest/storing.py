"""One statement for a group of events, sent until its answer is known, and what it says of each of them."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import errors

from headrace.domain.event import NewEvent
from headrace.domain.idempotency import Idempotency
from headrace.domain.states import EventState
from headrace.errors import (
    HeadraceError,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    InvalidEvent,
    Unavailable,
)
from headrace.store.database import Database
from headrace.store.events import insert_events
from headrace.store.idempotency import Key, KeyHolder, find_holders
from headrace.store.matcher import Matcher, tell_of

#: A caller has its answer after this long: stored, or refused.
ANSWER_SECONDS = 1.5

#: Pause before a statement whose answer was lost is sent again.
AGAIN_SECONDS = 0.05

#: Somebody's open transaction holds a key of the group or its table, or two groups hold each other's.
_BLOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)

#: One item of the group cannot be stored as it is.
_BAD_DATA = (psycopg.DataError, psycopg.IntegrityError)

#: Called after a commit with the queue and the ids that are due in it.
Tell = Callable[[str, Sequence[UUID]], None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that is stored and will be finished. If it is `replayed`, an earlier request with its key stored it."""

    id: UUID
    type: str
    state: str = EventState.QUEUED
    replayed: bool = False


#: What became of each event of a group, by the id that it was handed over with.
Answers = Mapping[UUID, Accepted | HeadraceError]


class Storing:
    """Stores groups of events, and tells of those that it stored once they are committed."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database = database
        self._tell = tell
        self._matcher = Matcher(database, tell)

    async def insert(self, events: Sequence[NewEvent]) -> Answers | HeadraceError:
        """Store all of `events` that are new, or refuse them together: InvalidEvent, Unavailable, or
        IdempotencyKeyInFlight where all of them have a key.

        The statement is sent until its answer is known, which is harmless: what was stored already is left as it is.
        """
        give_up = time.monotonic() + ANSWER_SECONDS
        while True:
            answers = await self._insert_once(events, give_up - time.monotonic())
            if not isinstance(answers, HeadraceError):
                self._tell_of([event for event in events if is_new(answers[event.id])])
                return answers
            if not isinstance(answers, Unavailable) or time.monotonic() + AGAIN_SECONDS >= give_up:
                return answers
            await asyncio.sleep(AGAIN_SECONDS)

    async def find(self, tenant: str, sent: Collection[Idempotency]) -> dict[Idempotency, Accepted]:
        """The events that were stored with these keys and these bodies. Raises Unavailable."""
        try:
            async with self._database.connection(timeout_seconds=ANSWER_SECONDS) as connection:
                holders = await find_holders(connection, self._database, {(tenant, each.key_hash) for each in sent})
        except psycopg.Error:
            raise Unavailable("The database cannot be read now.") from None
        found = [(each, holders.get((tenant, each.key_hash))) for each in sent]
        return {each: _replayed(holder) for each, holder in found if holder and holder.body_hash == each.body_hash}

    async def drained(self, seconds: float) -> None:
        """Wait until those who wait for what was stored are found, at most so long."""
        await self._matcher.drained(seconds)

    async def _insert_once(self, events: Sequence[NewEvent], seconds: float) -> Answers | HeadraceError:
        try:
            async with self._database.connection(timeout_seconds=seconds) as connection:
                new = await insert_events(connection, self._database, events)
                repeated = [event for event in events if event.idempotency is not None and event.id not in new]
                holders = await find_holders(connection, self._database, {key_of(event) for event in repeated})
        except _BLOCKED:
            return _blocked(events)
        except _BAD_DATA:
            return InvalidEvent("The database cannot store this event.")
        except psycopg.Error:
            return Unavailable("The database cannot be written now.")
        answers: dict[UUID, Accepted | HeadraceError] = {event.id: _stored(event) for event in events}
        return answers | {event.id: _repeated(event, holders.get(key_of(event))) for event in repeated}

    def _tell_of(self, events: Collection[NewEvent]) -> None:
        tell_of(
            ((event.id, event.queue) for event in events if event.task is None and not event.deliver_at), self._tell
        )
        self._matcher.events_came(event.id for event in events if event.match_key is not None)


def is_new(answer: Accepted | HeadraceError) -> bool:
    """Whether the event was stored by this request, and by none before it."""
    return isinstance(answer, Accepted) and not answer.replayed


def _stored(event: NewEvent) -> Accepted:
    return Accepted(event.id, event.type, EventState.QUEUED if event.deliver_at is None else EventState.WAITING)


def _blocked(events: Iterable[NewEvent]) -> HeadraceError:
    """Without a key it is the table that somebody holds: no event of the group can be stored before that ends."""
    if all(event.idempotency is not None for event in events):
        return IdempotencyKeyInFlight("Another request with this idempotency key is under way.")
    return Unavailable("The database cannot be written now.")


def key_of(event: NewEvent) -> Key:
    """The key of an event that has one."""
    assert event.idempotency is not None
    return event.tenant, event.idempotency.key_hash


def _repeated(event: NewEvent, holder: KeyHolder | None) -> Accepted | HeadraceError:
    """What to answer for an event whose key was there already."""
    if holder is None:
        return _blocked([event])  # its holder was erased a moment ago
    if holder.event_id == event.id:  # the answer to an earlier commit was lost
        return Accepted(event.id, event.type, holder.state)
    if event.idempotency is None or holder.body_hash != event.idempotency.body_hash:
        return IdempotencyKeyReused("The idempotency key came with another body, or to another path, before.")
    return _replayed(holder)


def _replayed(holder: KeyHolder) -> Accepted:
    return Accepted(holder.event_id, holder.type, holder.state, replayed=True)
