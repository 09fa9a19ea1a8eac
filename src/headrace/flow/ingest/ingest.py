"""Accepting: events of concurrent requests are committed together, and only then is anybody told."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from headrace.domain.clock import TOLERATED_CLOCK_SECONDS, Clock
from headrace.domain.event import DEFAULT_TENANT, NewEvent
from headrace.domain.idempotency import Idempotency
from headrace.domain.ids import new_id
from headrace.errors import HeadraceError, Unavailable
from headrace.flow.ingest.storing import ANSWER_SECONDS, Accepted, Answers, Storing, Tell, key_of
from headrace.store.database import Database
from headrace.store.group import GroupCommit
from headrace.store.idempotency import Key

#: Requests in one commit at most.
GROUP_REQUESTS = 200

#: Commits under way at once: of events without an idempotency key, of events with one, of single keys.
FLIGHTS, KEYED_FLIGHTS, APART_FLIGHTS = 2, 1, 2

_Request = Sequence[NewEvent]
_AnswersInTime = Answers | asyncio.Future[Answers]
_Answer = TypeVar("_Answer")


class Ingest:
    """Stores events. One instance a process; `clock_offset_seconds` answers the database's clock minus this one's.

    It answers None while the database has not told its time yet: nothing is accepted then.

    An idempotency key can be held by somebody's open transaction, for which the statement then waits. So events with
    a key are in groups of their own, and where one of these was held up, each key is tried apart from the others.
    """

    def __init__(
        self, database: Database, tell: Tell, clock: Clock, clock_offset_seconds: Callable[[], float | None]
    ) -> None:
        self._clock = clock
        self._offset_seconds = clock_offset_seconds
        self._storing = Storing(database, tell)
        self._plain = GroupCommit(self._store, GROUP_REQUESTS, FLIGHTS, _bytes_of)
        self._keyed: GroupCommit[_Request, _AnswersInTime] = GroupCommit(
            self._store_keyed, GROUP_REQUESTS, KEYED_FLIGHTS, _bytes_of
        )
        self._apart = GroupCommit(self._store_apart, 1, APART_FLIGHTS)

    def new_id(self) -> UUID:
        """An id for an event that is about to be accepted. Raises Unavailable."""
        if abs(self._offset()) <= TOLERATED_CLOCK_SECONDS:
            return new_id()
        return new_id(self.now())

    def now(self) -> datetime:
        """This moment by the database's clock. Raises Unavailable."""
        return self._clock() + timedelta(seconds=self._offset())

    async def accept(self, events: Sequence[NewEvent]) -> list[Accepted]:
        """Store all of `events` or none, and answer them in order once they are on disk.

        An event with an idempotency key comes alone. If the key came before, the earlier event is answered.

        Raises Unavailable when the database does not take them in time (they may be stored nevertheless),
        InvalidEvent when it refuses them; IdempotencyKeyInFlight while an earlier request with the key is under way,
        IdempotencyKeyReused if it was another one.
        """
        give_up = time.monotonic() + ANSWER_SECONDS
        if events[0].idempotency is None:
            answers = await _in_time(self._plain.submit(events), give_up)
        else:
            answers = await self._accept_keyed(events, give_up)
        return [_accepted(answers[event.id]) for event in events]

    async def find(self, sent: Collection[Idempotency], tenant: str = DEFAULT_TENANT) -> Mapping[Idempotency, Accepted]:
        """The events that were accepted with these keys and bodies before, where there are any. Raises Unavailable."""
        return await self._storing.find(tenant, sent)

    async def close(self) -> None:
        """Wait until what was handed over is stored or refused, no longer than any caller waits."""
        for group in (self._plain, self._keyed, self._apart, self._storing):
            await group.drained(ANSWER_SECONDS)

    def _offset(self) -> float:
        offset = self._offset_seconds()
        if offset is None:
            raise Unavailable("The database has not answered yet.")
        return offset

    async def _accept_keyed(self, request: _Request, give_up: float) -> Answers:
        answers = await _in_time(self._keyed.submit(request), give_up)
        if isinstance(answers, Mapping):
            return answers
        return await _in_time(asyncio.shield(answers), give_up)

    async def _store(self, requests: Sequence[_Request]) -> list[Answers | BaseException]:
        answers = await self._storing.insert(_events(requests))
        if _is_for_all(answers, len(requests)):
            return [answers] * len(requests)
        return [await self._storing.insert(request) for request in requests]

    async def _store_keyed(self, requests: Sequence[_Request]) -> list[_AnswersInTime | BaseException]:
        events = _events(requests)
        parts: dict[Key, list[NewEvent]] = {}
        for event in events:
            parts.setdefault(key_of(event), []).append(event)
        answers = await self._storing.insert(events)
        if _is_for_all(answers, len(parts)):
            return [answers] * len(requests)
        apart = {key: self._apart.submit(part) for key, part in parts.items()}
        return [apart[key_of(request[0])] for request in requests]

    async def _store_apart(self, parts: Sequence[_Request]) -> list[Answers]:
        [events] = parts
        answers = await self._storing.insert(events)
        if isinstance(answers, HeadraceError):
            return [dict.fromkeys((event.id for event in events), answers)]
        return [answers]


async def _in_time(stored: asyncio.Future[_Answer], give_up: float) -> _Answer:
    done, _ = await asyncio.wait({stored}, timeout=give_up - time.monotonic())
    if not done:
        stored.cancel()
        raise Unavailable("The database does not answer in time.")
    return await stored


def _accepted(answer: Accepted | HeadraceError) -> Accepted:
    if isinstance(answer, HeadraceError):
        raise answer
    return answer


def _is_for_all(answers: Answers | HeadraceError, parts: int) -> bool:
    """Whether an answer to so many parts of a group cannot come out otherwise for some of them."""
    return parts == 1 or isinstance(answers, Unavailable) or not isinstance(answers, HeadraceError)


def _events(requests: Sequence[_Request]) -> list[NewEvent]:
    return [event for request in requests for event in request]


def _bytes_of(request: _Request) -> int:
    return sum(len(event.body) for event in request)
