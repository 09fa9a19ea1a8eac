"""Bringing events and waiting runs together off everybody's path: gathered, and dropped if the database is away."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from uuid import UUID

import psycopg
import structlog

from headrace.store.batches import Batches
from headrace.store.database import Connection, Database
from headrace.store.waits import Woken, match_events, match_runs

#: Ids in one look at most.
TOGETHER = 500

#: While more than these wait to be looked for, the rest is left to the relay.
WAITING = 10_000

#: Seconds that a look waits for a connection.
CONNECT_SECONDS = 5.0

_log = structlog.get_logger(__name__)

_Match = Callable[[Connection, Database, Sequence[UUID]], Awaitable[list[Woken]]]


class Matcher:
    """Never delays and never raises: what it misses, the relay's sweep finds. `tell` hears which runs may go on."""

    def __init__(self, database: Database, tell: Callable[[str, Sequence[UUID]], None]) -> None:
        self._database = database
        self._tell = tell
        self._events: Batches[UUID] = Batches(lambda ids: self._look(match_events, ids), TOGETHER)
        self._runs: Batches[UUID] = Batches(lambda ids: self._look(match_runs, ids), TOGETHER)

    def events_came(self, event_ids: Iterable[UUID]) -> None:
        """These events with a match key were committed."""
        _add(self._events, event_ids)

    def runs_wait(self, run_ids: Iterable[UUID]) -> None:
        """The waits of these runs were committed."""
        _add(self._runs, run_ids)

    async def drained(self, seconds: float) -> None:
        """Wait until all is looked for, at most so long."""
        await asyncio.gather(self._events.drained(seconds), self._runs.drained(seconds))

    async def _look(self, match: _Match, ids: Sequence[UUID]) -> None:
        try:
            async with self._database.connection(timeout_seconds=CONNECT_SECONDS) as connection:
                woken = await match(connection, self._database, ids)
        except psycopg.Error as error:
            _log.info("waits not looked for; the relay will", error=type(error).__name__)
            return
        tell_of(woken, self._tell)


def tell_of(woken: Iterable[Woken], tell: Callable[[str, Sequence[UUID]], None]) -> None:
    """Call `tell` once for each queue, with the runs that may go on in it."""
    by_queue = sorted(woken, key=lambda pair: pair[1])
    for queue, pairs in groupby(by_queue, key=lambda pair: pair[1]):
        tell(queue, [event_id for event_id, _ in pairs])


def _add(batches: Batches[UUID], ids: Iterable[UUID]) -> None:
    for found in ids:
        if batches.waiting < WAITING:
            batches.add(found)
