"""The watch over the search copy: it sees when the copy, or Postgres, was put back to an earlier state, and mends it.

Each batch that is written has a number, which the entries keep, and Postgres counts them. So a part of the copy whose
newest batch is older than it was has lost some; one with a batch that Postgres has yet to count knows of a time that
Postgres has forgotten. And the copy has as many documents as events are finished, but for those that wait to be
written: that tells also of a copy that was put back and written to since, which has a newer batch than before.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing

import structlog

from headrace.domain.document import ids_of_month
from headrace.flow.project.comparing import compare, months_to_compare
from headrace.flow.project.pace import rest
from headrace.search.port import Part, SearchCopy
from headrace.store.copies import note_batches, seen_batches, skip_batches
from headrace.store.database import Database
from headrace.store.finished import count_finished
from headrace.store.projections import MOST_COUNTED, Counts, mend, read_counts, send_again

#: Seconds between two looks.
LOOK_SECONDS = 20.0

#: Seconds after which tombstones are forgotten: no batch is on its way for so long.
BURY_SECONDS = 86_400.0

#: Seconds between two lookings for such tombstones.
BURY_AGAIN_SECONDS = 600.0

#: Differences are not mended while so many entries wait to be written.
MOST_WAITING = 50_000

#: Refused entries that are sent again at a time.
AGAIN = 10_000

_log = structlog.get_logger(__name__)


class Watch:
    """Looks in `run` while it is told that this process leads."""

    def __init__(self, database: Database, copy: SearchCopy, look_seconds: float = LOOK_SECONDS) -> None:
        self._database = database
        self._copy = copy
        self._look_seconds = look_seconds
        self._stopping = asyncio.Event()
        self._left: dict[str, int] = {}
        self._next_bury = 0.0
        #: Whether this process leads now.
        self.leads = False

    def stop(self) -> None:
        """End after the look that is under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Look after look until `stop`; one that fails is logged, and the next one comes."""
        while not self._stopping.is_set():
            if self.leads:
                try:
                    await self.look()
                except Exception as error:  # noqa: BLE001  # the watch outlives whatever one look meets
                    _log.info("cannot look at the search copy", error=f"{type(error).__name__}: {error}")
            await rest(self._stopping, self._look_seconds)

    async def look(self) -> None:
        """Mend what is seen to be wrong, and note what is right."""
        before = await self._count()
        if before.refused:
            await self._send_again()
        await self._bury()
        parts = await self._copy.parts()
        async with self._database.connection() as connection:
            seen, newest = await seen_batches(connection, self._database, self._copy.name)
        doubtful = put_back(parts, seen, newest)
        miscounted = {} if doubtful else await self._miscounted(parts, before)
        for month in (*doubtful, *miscounted):
            await self._mend(month)
        self._left |= miscounted
        await self._note(parts, seen, newest)

    async def _send_again(self) -> None:
        """Refused entries that a copy with another mapping refused."""
        fingerprint = await self._copy.fingerprint()
        async with self._database.connection() as connection:
            await send_again(connection, self._database, fingerprint, AGAIN)

    async def _bury(self) -> None:
        if time.monotonic() >= self._next_bury:
            await self._copy.bury(BURY_SECONDS)
            self._next_bury = time.monotonic() + BURY_AGAIN_SECONDS

    async def _count(self) -> Counts:
        async with self._database.connection() as connection:
            return await read_counts(connection, self._database)

    async def _miscounted(self, parts: Sequence[Part], before: Counts) -> dict[str, int]:
        """Months of which the copy has more events than Postgres, or fewer, and how many; but for what stayed so when
        the month was mended. `before` was counted before the parts were read.
        """
        held = {part.month: part.documents for part in parts}
        surplus = sum(held.values()) - before.finished
        if not surplus or may_differ_by(surplus, before, await self._count()):
            self._left = {}
            return {}
        by_month = {}
        for month in await months_to_compare(self._database, parts):
            async with self._database.connection() as connection:
                count = await count_finished(connection, self._database, *ids_of_month(month))
            by_month[month] = held.get(month, 0) - count
        after = await self._count()
        return {
            month: more
            for month, more in by_month.items()
            if not may_differ_by(more - self._left.get(month, 0), before, after)
        }

    async def _mend(self, month: str) -> None:
        """Have all that differs written anew; what is no event's has to be told of."""
        mended = left = 0
        async with aclosing(compare(self._database, self._copy, month)) as pages:
            async for page in pages:
                wrong = {
                    each.event_id: max(each.expected or 0, each.found or 0)
                    for each in page.differences
                    if each.event_id is not None
                }
                mended += len(wrong)
                left += len(page.differences) - len(wrong)
                if wrong:
                    await self._room()
                    async with self._database.connection() as connection:
                        await mend(connection, self._database, wrong)
        if mended or left:
            told = {"copy": self._copy.name, "month": month, "mended": mended, "left": left}
            _log.warning("the search copy differs from Postgres", **told)

    async def _room(self) -> None:
        """Wait until the outbox has room for a page."""
        while not self._stopping.is_set():
            if (await self._count()).waiting < MOST_WAITING:
                return
            await rest(self._stopping, 1.0)

    async def _note(self, parts: Sequence[Part], seen: Mapping[str, int], newest: int) -> None:
        batches = {part.month: part.newest_batch for part in parts}
        if batches == seen:
            return
        async with self._database.connection() as connection, connection.transaction():
            if max(batches.values(), default=0) > newest:
                await skip_batches(connection, self._database, max(batches.values()))
            await note_batches(connection, self._database, self._copy.name, batches)


def may_differ_by(surplus: int, before: Counts, after: Counts) -> bool:
    """Whether a copy that lacks nothing may have so many documents more (or fewer) than there are finished events.

    It was read between two moments, and may lack what was finished since the first one, or waited to be written at
    either. Where more waits than anybody counts, nothing can be said against it.
    """
    if MOST_COUNTED in (before.waiting, after.waiting):
        return True
    return abs(surplus) <= abs(after.finished - before.finished) + before.waiting + after.waiting


def put_back(parts: Sequence[Part], seen: Mapping[str, int], newest: int) -> list[str]:
    """The months that were put back to an earlier state, or all of them where Postgres was.

    `seen` has the newest batch that each month was seen to hold; `newest` is the newest that Postgres knows of.
    """
    batches = {part.month: part.newest_batch for part in parts}
    if max(batches.values(), default=0) > newest:
        return sorted(batches.keys() | seen.keys())
    return sorted(month for month, batch in seen.items() if batches.get(month, 0) < batch)
