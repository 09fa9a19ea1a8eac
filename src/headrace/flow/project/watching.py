"""The watch over the search copy: it sees when the copy, or Postgres, was put back to an earlier state, and mends it.

Each batch that is written has a number, which the entries keep, and Postgres counts them. So a part of the copy whose
newest batch is older than it was has lost some; one with a batch that Postgres has yet to count knows of a time that
Postgres has forgotten. And the copy has as many documents as events are finished, but for those that wait to be
written: that tells also of a copy that was put back and written to since, which has a newer batch than before.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from headrace.domain.document import ids_of_month
from headrace.flow.project.comparing import compare, months_to_compare
from headrace.flow.project.pace import rest
from headrace.search.port import Part, SearchCopy
from headrace.store.copies import newest_batch, note_batches, seen_batches, skip_batches
from headrace.store.database import Database, read_one_moment
from headrace.store.finished import count_finished
from headrace.store.projections import MOST_COUNTED, mend, read_lag, send_again
from headrace.store.tallies import sum_finished

#: Seconds between two looks.
LOOK_SECONDS = 20.0

#: Seconds after which tombstones are forgotten: no batch is on its way for so long.
BURY_SECONDS = 86_400.0

#: Differences are not mended while so many entries wait to be written.
MOST_WAITING = 50_000

#: Refused entries that are sent again at a time.
AGAIN = 10_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many events are finished at a moment, and how many entries wait to be written then."""

    finished: int
    waiting: int


class Watch:
    """Looks in `run` while it is told that this process leads."""

    def __init__(self, database: Database, copy: SearchCopy, look_seconds: float = LOOK_SECONDS) -> None:
        self._database = database
        self._copy = copy
        self._look_seconds = look_seconds
        self._stopping = asyncio.Event()
        self._left: dict[str, int] = {}
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
        await self._send_again()
        await self._copy.bury(BURY_SECONDS)
        before = await self._count()
        parts = await self._copy.parts()
        async with self._database.connection() as connection:
            seen = await seen_batches(connection, self._database, self._copy.name)
            newest = await newest_batch(connection, self._database)
        doubtful = put_back(parts, seen, newest)
        miscounted = {} if doubtful else await self._miscounted(parts, before)
        for month in (*doubtful, *miscounted):
            await self._mend(month)
        self._left |= miscounted
        await self._note(parts, newest)

    async def _send_again(self) -> None:
        """Refused entries that a copy with another mapping refused."""
        async with self._database.connection() as connection:
            lag = await read_lag(connection, self._database)
        if not lag.refused:
            return
        fingerprint = await self._copy.fingerprint()
        async with self._database.connection() as connection:
            await send_again(connection, self._database, fingerprint, AGAIN)

    async def _count(self) -> Counted:
        async with self._database.connection() as connection, connection.transaction():
            await read_one_moment(connection)
            lag = await read_lag(connection, self._database)
            return Counted(await sum_finished(connection, self._database), lag.waiting)

    async def _miscounted(self, parts: Sequence[Part], before: Counted) -> dict[str, int]:
        """Months of which the copy has more events than Postgres, or fewer, and how many; but for what stayed so when
        the month was mended. `before` was counted before the parts were read.
        """
        after = await self._count()
        held = {part.month: part.documents for part in parts}
        if may_differ_by(sum(held.values()) - after.finished, before, after):
            self._left = {}
            return {}
        surplus = {}
        for month in await months_to_compare(self._database, parts):
            async with self._database.connection() as connection:
                count = await count_finished(connection, self._database, *ids_of_month(month))
            surplus[month] = held.get(month, 0) - count
        after = await self._count()
        return {
            month: more
            for month, more in surplus.items()
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
            async with self._database.connection() as connection:
                if (await read_lag(connection, self._database)).waiting < MOST_WAITING:
                    return
            await rest(self._stopping, 1.0)

    async def _note(self, parts: Sequence[Part], newest: int) -> None:
        batches = {part.month: part.newest_batch for part in parts}
        async with self._database.connection() as connection, connection.transaction():
            if max(batches.values(), default=0) > newest:
                await skip_batches(connection, self._database, max(batches.values()))
            await note_batches(connection, self._database, self._copy.name, batches)


def may_differ_by(surplus: int, before: Counted, after: Counted) -> bool:
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
