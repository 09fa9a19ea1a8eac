"""Progress notes on their way to Postgres: gathered, never waited for, dropped if they cannot be stored."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import psycopg
import structlog

from headrace.domain.clock import Clock
from headrace.domain.event import Run
from headrace.store.batches import Batches
from headrace.store.database import Database
from headrace.store.notes import Note, insert_notes

#: Notes that are kept of one attempt.
NOTES = 1000

#: Notes in one statement at most.
TOGETHER = 500

#: While more than these wait to be stored, others are dropped.
WAITING = 10_000

#: Seconds that a write waits for a connection.
CONNECT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Notebook:
    """Takes the notes of the attempts that a process has under way, on the loop on which it was made.

    It never delays and never raises.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._batches: Batches[Note] = Batches(self._store, TOGETHER)
        self._counts: Counter[UUID] = Counter()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def write(self, run: Run, node: str, note: bytes) -> None:
        """Keep a note, which is JSON, soon; from any thread."""
        written = Note(run, node, note, self._clock())
        if threading.get_ident() == self._thread:
            self._take(written)
            return
        with suppress(RuntimeError):  # the loop was closed: a thread that was given up goes on
            self._loop.call_soon_threadsafe(self._take, written)

    def close(self, run: Run) -> None:
        """The attempt is over."""
        if self._counts:
            self._counts.pop(run.event_id, None)

    async def drained(self, seconds: float) -> None:
        """Wait until all is stored or dropped, at most so long."""
        await self._batches.drained(seconds)

    def _take(self, note: Note) -> None:
        if self._counts[note.run.event_id] >= NOTES or self._batches.waiting >= WAITING:
            return
        self._counts[note.run.event_id] += 1
        self._batches.add(note)

    async def _store(self, notes: Sequence[Note]) -> None:
        try:
            async with self._database.connection(timeout_seconds=CONNECT_SECONDS) as connection:
                await insert_notes(connection, self._database, notes)
        except psycopg.Error as error:
            _log.info("notes dropped", notes=len(notes), error=type(error).__name__)
