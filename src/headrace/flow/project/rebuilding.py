"""Building the search copy anew, a month at a time, beside the one that readers see."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.document import ids_of_month
from headrace.domain.making import MakingOptions
from headrace.errors import CopyAway, HeadraceError
from headrace.flow.project.comparing import place_before
from headrace.flow.project.entries import MOST_BYTES, read_documents
from headrace.flow.project.pace import Pace
from headrace.search.port import Postponed, Refused, SearchCopy
from headrace.store.copies import Rebuild, begin_anew, begin_rebuilds, end_rebuild, list_rebuilds, next_batch, reach
from headrace.store.database import Database
from headrace.store.finished import count_finished, count_fitting, list_versions
from headrace.store.projections import mend

#: Finished events that are listed, and told of, at a time.
PAGE = 1000

#: A copy that takes nothing so many times in a row is given up: it had a quarter of a minute by then.
PATIENCE = 6


class NotRebuilt(HeadraceError):
    """The copy took no more; what was built until then stays, and the next call goes on from there."""

    code = "not-rebuilt"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a month is: `done` of `total` finished events.

    What the copy `refused` of them will be missing, the first of these for the `reason`.
    """

    month: str
    done: int
    total: int
    refused: int
    reason: str | None


async def begin(database: Database, copy: SearchCopy, months: Sequence[str]) -> Sequence[str]:
    """Note that these months are to be rebuilt, and return them.

    If an earlier rebuild did not come to its end, it goes on: then those of the months are returned that it left over.
    """
    async with database.connection() as connection:
        left = {begun.month for begun in await list_rebuilds(connection, database, copy.name)}
        if left.isdisjoint(months):
            await begin_rebuilds(connection, database, copy.name, months)
            return months
    return [month for month in months if month in left]


class Rebuilder:
    """Builds months that `begin` returned, in `page`s, with `patience`. Rests differ by `chance`, from 0 to 1."""

    def __init__(
        self,
        database: Database,
        copy: SearchCopy,
        options: MakingOptions,
        chance: Callable[[], float],
        page: int = PAGE,
        patience: int = PATIENCE,
    ) -> None:
        self._database = database
        self._copy = copy
        self._options = options
        self._pace = Pace(chance)
        self._page = page
        self._patience = patience

    async def rebuild(self, month: str) -> AsyncGenerator[Progress, None]:
        """Build a month anew, and let readers see it at the end; it goes on from where an earlier call came to.

        What changes meanwhile is written to both by the projector. Raises NotRebuilt, CopyAway, psycopg.Error.
        """
        begun = await self._begun(month)
        await self._copy.begin_rebuild(month, begun.generation)
        first, end = ids_of_month(month)
        after = begun.reached or place_before(first)
        async with self._database.connection() as connection:
            done = await count_finished(connection, self._database, first, UUID(int=after.int + 1))
            total = done + await count_finished(connection, self._database, UUID(int=after.int + 1), end)
        refused: dict[UUID, str] = {}
        yield Progress(month, done, total, 0, None)
        async for ids in self._pages(after, end):
            refused |= await self._build(begun, ids)
            done += len(ids)
            yield Progress(month, done, max(total, done), len(refused), next(iter(refused.values()), None))
        await self._copy.finish_rebuild(month, begun.generation, begun.first_batch)
        async with self._database.connection() as connection:
            await end_rebuild(connection, self._database, self._copy.name, begun)

    async def _begun(self, month: str) -> Rebuild:
        """What is noted of the month's rebuild. Where the copy has lost what was built of it, all is built again.

        That is noted before the place is made anew, so that nobody takes an empty place for a half-built one.
        """
        async with self._database.connection() as connection:
            noted = await list_rebuilds(connection, self._database, self._copy.name)
            begun = next((each for each in noted if each.month == month), None)
            if begun is None:
                raise NotRebuilt(f"The rebuild of {month} has ended elsewhere.")
            if begun.reached is None or await self._copy.is_building(month, begun.generation):
                return begun
            anew = await begin_anew(connection, self._database, self._copy.name, begun)
        if anew is None:
            raise NotRebuilt(f"Somebody else rebuilds {month}.")
        return anew

    async def _pages(self, after: UUID, end: UUID) -> AsyncIterator[Sequence[UUID]]:
        """The finished events behind an id."""
        while True:
            async with self._database.connection() as connection:
                rows = await list_versions(connection, self._database, after, end, self._page)
            if not rows:
                return
            ids = [event_id for event_id, _, _ in rows]
            yield ids
            after = ids[-1]

    async def _build(self, begun: Rebuild, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Write these, note how far it came, and return what was refused, with the reasons."""
        refused: dict[UUID, str] = {}
        failures = 0
        while ids:
            try:
                count, some = await self._write(begun, ids)
            except (CopyAway, NotRebuilt):
                self._pace.failed()
                failures += 1
                if failures == self._patience:
                    raise
                await asyncio.sleep(self._pace.rest_seconds)
                continue
            self._pace.succeeded()
            failures = 0
            refused |= some
            async with self._database.connection() as connection:
                await reach(connection, self._database, self._copy.name, begun, ids[count - 1])
            ids = ids[count:]
        return refused

    async def _write(self, begun: Rebuild, ids: Sequence[UUID]) -> tuple[int, Mapping[UUID, str]]:
        """Write the first of these: how many, and which of them were refused. Raises NotRebuilt, CopyAway."""
        async with self._database.connection() as connection:
            count = await count_fitting(connection, self._database, ids[: self._pace.entries], MOST_BYTES)
            documents = await read_documents(connection, self._database, ids[:count], self._options)
            batch, _ = await next_batch(connection, self._database, self._copy.name)
        outcomes = await self._copy.build(documents, batch, begun.month, begun.generation)
        if late := [outcome for outcome in outcomes if isinstance(outcome, Postponed)]:
            raise NotRebuilt(f"The search copy takes no more now: {late[0].reason}.")
        refused = {
            document.event_id: (document.version, outcome.reason)
            for document, outcome in zip(documents, outcomes, strict=True)
            if isinstance(outcome, Refused)
        }
        if refused:
            # The projector meets the same refusal, and notes it where it is told of.
            async with self._database.connection() as connection:
                await mend(connection, self._database, {id_: version for id_, (version, _) in refused.items()})
        return count, {id_: reason for id_, (_, reason) in refused.items()}
