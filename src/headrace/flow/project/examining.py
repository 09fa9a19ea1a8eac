"""Proving the search copy: counts, then ids and versions, then whole documents, all or a sample of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.document import ids_of_month
from headrace.domain.making import MakingOptions
from headrace.flow.project.comparing import Difference, Kind, Page, compare, compare_one, months_to_compare
from headrace.flow.project.entries import MOST_BYTES, read_documents
from headrace.search.port import SearchCopy
from headrace.store.database import Database
from headrace.store.finished import count_finished, count_fitting
from headrace.store.projections import Refusal, count_refusals, find_unsettled, list_refusals

#: Documents that are compared whole at a time.
TOGETHER = 200

#: What differs may only be on its way: up to so many entries are looked at again after so many seconds.
AGAIN_MOST, AGAIN_SECONDS = 1000, 2.0


@dataclass(frozen=True, slots=True)
class FurtherCount:
    """How many finished events of a month name a further index (`expected`), and how many it holds (`found`)."""

    index: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class MonthVerdict:
    """A month: how many finished events Postgres has (`expected`) and how many the copy (`found`).

    Of these `compared` were compared whole. `counts` has all that differs by its kind, `differences` the first of it,
    in the order of the ids within an index. What the copy `refused` is not among these, nor is what waits to be
    written; `refusals` are the first refused ones.
    """

    month: str
    expected: int
    found: int
    compared: int
    further: Sequence[FurtherCount]
    counts: Mapping[Kind, int]
    differences: Sequence[Difference]
    refused: int
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a look at a month is: `done` of `total` finished events."""

    month: str
    done: int
    total: int


@dataclass(slots=True)
class _Month:
    """What was seen of a month so far."""

    done: int
    compared: int
    named: Counter[str]
    counts: Counter[Kind]
    differences: list[Difference]


class Examiner:
    """Compares the copy with Postgres. Of all documents a `share` (0 to 1) is compared whole, chosen by `chance`.

    Of a month `most` differences and refusals are told at most; None tells all.
    """

    def __init__(
        self,
        database: Database,
        copy: SearchCopy,
        options: MakingOptions,
        share: float,
        chance: Callable[[], float],
        most: int | None = None,
    ) -> None:
        self._database = database
        self._copy = copy
        self._options = options
        self._share = share
        self._chance = chance
        self._most = most

    async def examine(self) -> AsyncIterator[Looked | MonthVerdict]:
        """Each month in order, with how far it is before its verdict. Raises CopyAway, psycopg.Error."""
        for month in await months_to_compare(self._database, await self._copy.parts()):
            seen = _Month(0, 0, Counter(), Counter(), [])
            expected = await self._count(month)
            yield Looked(month, 0, expected)
            async with aclosing(compare(self._database, self._copy, month)) as pages:
                async for page in pages:
                    await self._add(seen, month, page)
                    yield Looked(month, seen.done, max(expected, seen.done))
            yield await self._verdict(seen, month)

    async def _add(self, seen: _Month, month: str, page: Page) -> None:
        """What differs of a page's ids and versions, and of those of its documents that are compared whole."""
        wrong = {each.event_id for each in page.differences}
        chosen = [id_ for id_, _ in page.versions if id_ not in wrong and self._chance() < self._share]
        found = await self._settled([*page.differences, *await self._compare_whole(month, chosen)])
        seen.done += len(page.versions)
        seen.compared += len(chosen)
        seen.named.update(page.named)
        seen.counts.update(each.kind for each in found)
        room = None if self._most is None else max(self._most, AGAIN_MOST + 1) - len(seen.differences)
        seen.differences += found[:room]

    async def _count(self, month: str) -> int:
        async with self._database.connection() as connection:
            return await count_finished(connection, self._database, *ids_of_month(month))

    async def _verdict(self, seen: _Month, month: str) -> MonthVerdict:
        differences, counts = seen.differences, seen.counts
        if differences and counts.total() <= AGAIN_MOST:
            differences = await self._lasting(month, differences)
            counts = Counter(each.kind for each in differences)
        there = await self._copy.further(month)
        found = sum(part.documents for part in await self._copy.parts() if part.month == month)
        first, end = ids_of_month(month)
        async with self._database.connection() as connection:
            refused = await count_refusals(connection, self._database, first, end)
            refusals = await list_refusals(connection, self._database, first, end, self._most)
        return MonthVerdict(
            month=month,
            expected=await self._count(month),
            found=found,
            compared=seen.compared,
            further=[
                FurtherCount(name, seen.named[name], there.get(name, 0)) for name in sorted({*there, *seen.named})
            ],
            counts=dict(counts),
            differences=differences[: self._most],
            refused=refused,
            refusals=refusals,
        )

    async def _compare_whole(self, month: str, ids: Sequence[UUID]) -> list[Difference]:
        """Of these events those whose documents are not what would be written now."""
        found: list[Difference] = []
        while ids:
            async with self._database.connection() as connection:
                count = await count_fitting(connection, self._database, ids[:TOGETHER], MOST_BYTES)
                documents = await read_documents(connection, self._database, ids[:count], self._options)
            versions = {document.event_id: document.version for document in documents}
            differing = await self._copy.differing(documents)
            found += [
                Difference(Kind.DIFFERENT, month, str(id_), id_, versions[id_], versions[id_]) for id_ in differing
            ]
            ids = ids[count:]
        return found

    async def _settled(self, differences: Sequence[Difference]) -> list[Difference]:
        """Those of events that neither wait to be written nor were refused."""
        ids = [each.event_id for each in differences if each.event_id is not None]
        if not ids:
            return list(differences)
        async with self._database.connection() as connection:
            unsettled = await find_unsettled(connection, self._database, ids)
        return [each for each in differences if each.event_id not in unsettled]

    async def _lasting(self, month: str, differences: Sequence[Difference]) -> list[Difference]:
        """Those that are there still after a moment."""
        await asyncio.sleep(AGAIN_SECONDS)
        await self._copy.parts()
        return await self._settled([each for each in differences if await self._is_there(month, each)])

    async def _is_there(self, month: str, difference: Difference) -> bool:
        if difference.event_id is None:
            return True
        if difference.kind is Kind.DIFFERENT:
            return bool(await self._compare_whole(month, [difference.event_id]))
        return await compare_one(self._database, self._copy, difference) is not None
