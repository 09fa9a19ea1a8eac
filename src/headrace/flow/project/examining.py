"""Proving the search copy: counts, then ids and versions, then whole documents, all or a sample of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.document import ids_of_month
from headrace.domain.making import MakingOptions
from headrace.flow.project.comparing import Difference, Kind, compare, compare_one, months_to_compare
from headrace.flow.project.entries import read_documents
from headrace.search.port import SearchCopy
from headrace.store.database import Database
from headrace.store.finished import count_finished

#: Documents that are compared whole at a time.
TOGETHER = 200

#: What differs may only be on its way: up to so many entries are looked at again after so many seconds.
AGAIN_MOST, AGAIN_SECONDS = 1000, 2.0


@dataclass(frozen=True, slots=True)
class MonthVerdict:
    """A month: how many finished events Postgres has (`expected`) and how many the copy (`found`).

    Of these `compared` were compared whole. `differences` are in the order of the ids.
    """

    month: str
    expected: int
    found: int
    compared: int
    differences: Sequence[Difference]


class Examiner:
    """Compares the copy with Postgres. Of all documents a `share` (0 to 1) is compared whole, chosen by `chance`."""

    def __init__(
        self, database: Database, copy: SearchCopy, options: MakingOptions, share: float, chance: Callable[[], float]
    ) -> None:
        self._database = database
        self._copy = copy
        self._options = options
        self._share = share
        self._chance = chance

    async def examine(self) -> AsyncIterator[MonthVerdict]:
        """Each month in order. Raises CopyAway, psycopg.Error."""
        parts = await self._copy.parts()
        found = {part.month: part.documents for part in parts}
        for month in await months_to_compare(self._database, parts):
            async with self._database.connection() as connection:
                expected = await count_finished(connection, self._database, *ids_of_month(month))
            compared, differences = await self._compare(month)
            yield MonthVerdict(month, expected, found.get(month, 0), compared, await self._lasting(month, differences))

    async def _compare(self, month: str) -> tuple[int, list[Difference]]:
        """How many documents were compared whole, and all that differs."""
        compared = 0
        differences: list[Difference] = []
        async for page in compare(self._database, self._copy, month):
            wrong = {each.event_id for each in page.differences}
            chosen = [id_ for id_, _ in page.versions if id_ not in wrong and self._chance() < self._share]
            compared += len(chosen)
            differences += page.differences
            differences += await self._compare_whole(month, chosen)
        return compared, differences

    async def _compare_whole(self, month: str, ids: Sequence[UUID]) -> list[Difference]:
        """Of these events those whose documents are not what would be written now."""
        found: list[Difference] = []
        for place in range(0, len(ids), TOGETHER):
            async with self._database.connection() as connection:
                some = ids[place : place + TOGETHER]
                documents = await read_documents(connection, self._database, some, self._options)
            versions = {document.event_id: document.version for document in documents}
            differing = await self._copy.differing(documents)
            found += [
                Difference(Kind.DIFFERENT, month, str(id_), id_, versions[id_], versions[id_]) for id_ in differing
            ]
        return found

    async def _lasting(self, month: str, differences: Sequence[Difference]) -> list[Difference]:
        """Those that are there still after a moment, unless there are so many that something is wrong for certain."""
        if not differences or len(differences) > AGAIN_MOST:
            return list(differences)
        await asyncio.sleep(AGAIN_SECONDS)
        await self._copy.parts()
        return [each for each in differences if await self._is_there(month, each)]

    async def _is_there(self, month: str, difference: Difference) -> bool:
        if difference.event_id is None:
            return True
        if difference.kind is Kind.DIFFERENT:
            return bool(await self._compare_whole(month, [difference.event_id]))
        return await compare_one(self._database, self._copy, month, difference.event_id) is not None
