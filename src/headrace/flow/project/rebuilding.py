"""Building the search copy anew, a month at a time, beside the one that readers see."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.document import ids_of_month
from headrace.domain.making import MakingOptions
from headrace.errors import HeadraceError
from headrace.flow.project.comparing import place_before
from headrace.flow.project.entries import read_documents
from headrace.search.port import Postponed, Refused, SearchCopy
from headrace.store.copies import Rebuild, begin_rebuild, end_rebuild, next_batch, reach
from headrace.store.database import Database
from headrace.store.finished import count_finished, list_versions

#: Events read and written at a time, and the documents of one write.
PAGE, TOGETHER = 500, 250


class NotRebuilt(HeadraceError):
    """The copy took no more; what was built until then stays, and the next call goes on from there."""

    code = "not-rebuilt"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a month is: `done` of `total` finished events; what the copy `refused` of them will be missing."""

    month: str
    done: int
    total: int
    refused: int


async def rebuild(database: Database, copy: SearchCopy, options: MakingOptions, month: str) -> AsyncIterator[Progress]:
    """Build a month anew, and let readers see it at the end; one that was begun before goes on.

    What changes meanwhile is written to both by the projector. Raises NotRebuilt, CopyAway, psycopg.Error.
    """
    async with database.connection() as connection:
        begun = await begin_rebuild(connection, database, copy.name, month)
        total = await count_finished(connection, database, *ids_of_month(month))
    await copy.begin_rebuild(month, begun.generation)
    done = refused = 0
    async for ids in _pages(database, begun):
        refused += await _build(database, copy, options, begun, ids)
        done += len(ids)
        yield Progress(month, done, max(total, done), refused)
    await copy.finish_rebuild(month, begun.generation, begun.first_batch)
    async with database.connection() as connection:
        await end_rebuild(connection, database, copy.name, month)


async def _pages(database: Database, begun: Rebuild) -> AsyncIterator[Sequence[UUID]]:
    """The finished events of the month that are yet to be built."""
    first, end = ids_of_month(begun.month)
    after = begun.reached or place_before(first)
    while True:
        async with database.connection() as connection:
            rows = await list_versions(connection, database, after, end, PAGE)
        if not rows:
            return
        yield [event_id for event_id, _ in rows]
        after = rows[-1][0]


async def _build(
    database: Database, copy: SearchCopy, options: MakingOptions, begun: Rebuild, ids: Sequence[UUID]
) -> int:
    """Write these, note how far it came, and return how many were refused."""
    refused = 0
    for place in range(0, len(ids), TOGETHER):
        async with database.connection() as connection:
            documents = await read_documents(connection, database, ids[place : place + TOGETHER], options)
            batch, _ = await next_batch(connection, database, copy.name)
        outcomes = await copy.build(documents, batch, begun.month, begun.generation)
        if late := [outcome for outcome in outcomes if isinstance(outcome, Postponed)]:
            raise NotRebuilt(f"The search copy takes no more now: {late[0].reason}")
        refused += sum(isinstance(outcome, Refused) for outcome in outcomes)
    async with database.connection() as connection:
        await reach(connection, database, copy.name, begun.month, ids[-1])
    return refused
