"""The projector: writes to the search copy what has changed, in batches, and never faster than it is taken.

It goes where the leading relay is. With two of them for a moment nothing is lost: versions decide, not who comes last.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import psutil
import structlog

from headrace.domain.document import Entry, month_of
from headrace.domain.making import MakingOptions
from headrace.errors import CopyAway
from headrace.flow.project.courtesy import Courtesy
from headrace.flow.project.entries import MOST_BYTES, Waiting, read_waiting
from headrace.flow.project.pace import FIRST_ENTRIES, Pace, rest
from headrace.search.port import Postponed, Refused, SearchCopy, Superseded, WriteOutcome, Written
from headrace.store.copies import next_batch
from headrace.store.database import Database
from headrace.store.look import is_behind
from headrace.store.projections import choose_waiting, complete, refuse

#: Seconds after which the oldest entries are looked at again, whatever lies between.
ROUND_SECONDS = 5.0

#: How long a first batch is taken to last.
FIRST_BATCH_SECONDS = 0.1

#: Behind this id is every event's.
START = UUID(int=0)

_log = structlog.get_logger(__name__)


class Projector:
    """Works in `run` while it is woken as the one that leads."""

    def __init__(
        self, database: Database, copy: SearchCopy, options: MakingOptions, chance: Callable[[], float]
    ) -> None:
        self._database = database
        self._copy = copy
        self._options = options
        self._pace = Pace(chance)
        self._courtesy = Courtesy(os.cpu_count() or 1)
        self._batch_seconds = FIRST_BATCH_SECONDS
        self._is_deep = False
        self._leads = False
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._place = START
        self._round_ends = 0.0

    def wake(self, *, leads: bool, waiting: bool) -> None:
        """Say at each look of the relay whether this process leads, and whether any entry waits to be written."""
        self._leads = leads
        if leads and waiting:
            self._woken.set()

    def stop(self) -> None:
        """End after the batch that is under way."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Catch up whenever it is woken, until `stop`. What fails is logged, and tried again."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                await self._catch_up()
            except CopyAway as error:
                self._pace.failed()
                _log.warning("the search copy is away", copy=self._copy.name, error=error.detail)
            except Exception as error:  # noqa: BLE001  # the projector outlives whatever one batch meets
                self._pace.failed()
                _log.warning("projecting failed", error=f"{type(error).__name__}: {error}")
            await rest(self._stopping, self._pace.rest_seconds)
            await self._woken.wait()

    async def _catch_up(self) -> None:
        while self._leads and not self._stopping.is_set():
            await self._let_others_go_first()
            began = time.monotonic()
            chosen = await self._choose()
            if not chosen:
                return
            await self._write(chosen)
            self._batch_seconds = time.monotonic() - began
            self._is_deep = len(chosen) >= self._most // 2
            await rest(self._stopping, self._pace.rest_seconds)

    async def _let_others_go_first(self) -> None:
        """Rest while due events wait, and where there is much to catch up with, while others need the machine."""
        async with self._database.connection() as connection:
            behind = await is_behind(connection, self._database)
        if not behind and not self._is_deep:
            return
        seconds = self._courtesy.rest_seconds(self._batch_seconds, is_behind=behind)
        while seconds:
            psutil.cpu_percent()  # it counts from here on
            await rest(self._stopping, seconds)
            seconds = self._courtesy.rested(psutil.cpu_percent() / 100)

    @property
    def _most(self) -> int:
        """Entries of a batch, at most."""
        return min(FIRST_ENTRIES, self._pace.entries) if self._courtesy.steps_back else self._pace.entries

    async def _choose(self) -> Sequence[UUID]:
        """The next events in the order of their ids; after the last, and after some time, from the first on again."""
        if time.monotonic() >= self._round_ends:
            self._place, self._round_ends = START, time.monotonic() + ROUND_SECONDS
        async with self._database.connection() as connection:
            chosen = await choose_waiting(connection, self._database, self._place, self._most, MOST_BYTES)
            if not chosen and self._place != START:
                chosen = await choose_waiting(connection, self._database, START, self._most, MOST_BYTES)
        self._place = chosen[-1] if chosen else START
        return chosen

    async def _write(self, ids: Sequence[UUID]) -> None:
        """Make the copy hold what Postgres holds of these events now."""
        waiting, batch, rebuilding = await self._read(ids)
        if not waiting:
            return
        entries = [each.first_entry for each in waiting]
        await self._copy.prepare(months_of(entries))
        pairs = _paired(waiting, await self._copy.write(entries, batch, rebuilding))
        ahead = [each.entry.event_id for each, outcome in pairs if _is_ahead(each, outcome)]
        await self._note([(each, outcome) for each, outcome in pairs if not _is_ahead(each, outcome)])
        if ahead:
            await self._overwrite(ahead)

    async def _overwrite(self, ids: Sequence[UUID]) -> None:
        """Where the copy has a newer version: those that still wait at this moment are the newest there is.

        Postgres was put back to an earlier state then, and the copy tells of what never was; or an event was erased,
        and accepted again.
        """
        waiting, batch, _ = await self._read(ids)
        if waiting:
            outcomes = await self._copy.overwrite([each.entry for each in waiting], batch)
            await self._note(_paired(waiting, outcomes))

    async def _read(self, ids: Sequence[UUID]) -> tuple[Sequence[Waiting], int, Mapping[str, int]]:
        """What of these events waits to be written, as a batch of which number, and what is being rebuilt."""
        async with self._database.connection() as connection:
            waiting = await read_waiting(connection, self._database, ids, self._options)
            return waiting, *await next_batch(connection, self._database, self._copy.name)

    async def _note(self, pairs: Sequence[tuple[Waiting, WriteOutcome]]) -> None:
        """Take what was written out of the outbox; what was refused goes where it is told of."""
        written = {each.entry.event_id: each.version for each, outcome in pairs if isinstance(outcome, Written)}
        refused = [
            (each.entry.event_id, each.version, outcome.reason)
            for each, outcome in pairs
            if isinstance(outcome, Refused)
        ]
        postponed = [outcome.reason for _, outcome in pairs if isinstance(outcome, Postponed)]
        fingerprint = await self._copy.fingerprint() if refused else ""
        async with self._database.connection() as connection, connection.transaction():
            if written:
                await complete(connection, self._database, written)
            if refused:
                await refuse(connection, self._database, refused, fingerprint)
        if refused:
            _log.error("the search copy refuses entries", copy=self._copy.name, count=len(refused), first=refused[0][2])
        if postponed:
            self._pace.failed()
            _log.warning("the search copy is busy", copy=self._copy.name, count=len(postponed), first=postponed[0])
        else:
            self._pace.succeeded()


def months_of(entries: Sequence[Entry]) -> list[str]:
    """The months that the entries lie in."""
    return sorted({month_of(entry.event_id) for entry in entries})


def _is_ahead(waiting: Waiting, outcome: WriteOutcome) -> bool:
    """Whether the copy has something newer now than the entry that it is to have."""
    return isinstance(outcome, Superseded) or (
        isinstance(outcome, Written) and waiting.first_entry is not waiting.entry
    )


def _paired(waiting: Sequence[Waiting], outcomes: Sequence[WriteOutcome]) -> list[tuple[Waiting, WriteOutcome]]:
    return list(zip(waiting, outcomes, strict=True))
