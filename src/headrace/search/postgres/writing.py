"""Writing entries to the parts that are to have them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence, Set
from uuid import UUID

from headrace.domain.document import Entry
from headrace.search.port import Refused, Superseded, WriteOutcome, Written
from headrace.search.postgres.answering import transaction
from headrace.search.postgres.rows import impossible_index, row_of
from headrace.store.database import Database
from headrace.store.documents import Row, store_rows
from headrace.store.parts import hold_parts, part_of

#: Entries of a transaction: nobody waits long for what it holds.
TOGETHER = 200

#: Rows that are made before others have their turn on the loop.
_ROWS_TOGETHER = 10

#: What is told of a name that is impossible.
_MOST_QUOTED = 100


class Writing:
    """A batch on its way. `generations` are those of months that are being built."""

    def __init__(self, database: Database, batch: int, generations: Mapping[str, int]) -> None:
        self._database = database
        self._batch = batch
        self._built = {month: part_of(month, generation) for month, generation in generations.items()}

    async def write(self, entries: Sequence[Entry], *, overwrite: bool = False) -> list[WriteOutcome]:
        """Store entries in the parts that readers see, and in those that are being built."""
        outcomes: list[WriteOutcome] = []
        for some in _chunks(entries):
            rows = await make_rows(some)
            async with transaction(self._database) as connection:
                seen = await hold_parts(connection, self._database, sorted({row.month for row in rows}))
                # What was being built may be what readers see by now.
                targets = [(part, row) for row in rows for part in {seen[row.month], *self._built_for(row)}]
                stored = await store_rows(connection, self._database, targets, self._batch, overwrite=overwrite)
            outcomes += _outcomes(some, targets, stored)
        return outcomes

    async def build(self, entries: Sequence[Entry]) -> list[WriteOutcome]:
        """Store entries in the parts that are being built alone."""
        outcomes: list[WriteOutcome] = []
        for some in _chunks(entries):
            targets = [(part, row) for row in await make_rows(some) for part in self._built_for(row)]
            async with transaction(self._database) as connection:
                stored = await store_rows(connection, self._database, targets, self._batch)
            outcomes += _outcomes(some, targets, stored)
        return outcomes

    def _built_for(self, row: Row) -> Sequence[str]:
        return [self._built[row.month]] if row.month in self._built else []


async def make_rows(entries: Sequence[Entry]) -> list[Row]:
    """The rows of entries, in their order."""
    rows = []
    for number, entry in enumerate(entries):
        rows.append(row_of(entry))
        if number % _ROWS_TOGETHER == 0:
            await asyncio.sleep(0)
    return rows


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (entries[place : place + TOGETHER] for place in range(0, len(entries), TOGETHER))


def _outcomes(
    entries: Sequence[Entry], targets: Sequence[tuple[str, Row]], stored: Set[tuple[UUID, str]]
) -> Iterator[WriteOutcome]:
    missed = {row.event_id for part, row in targets if (row.event_id, part) not in stored}
    for entry in entries:
        name = impossible_index(entry)
        if name is not None:
            yield Refused(f"no index may be called {name[:_MOST_QUOTED]!r}")
        else:
            yield Superseded() if entry.event_id in missed else Written()
