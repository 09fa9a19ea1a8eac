"""The search copy in Postgres."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from headrace.domain.document import Document, Entry, ids_of_month
from headrace.domain.marks import is_index_name
from headrace.search.port import MOST_COUNTED, Facets, Found, Listed, Part, Search, WriteOutcome
from headrace.search.postgres import rebuilding, searching
from headrace.search.postgres.answering import transaction
from headrace.search.postgres.writing import Writing, make_rows
from headrace.store.choosing import FIRST
from headrace.store.database import Database
from headrace.store.documents import bury, find_differing
from headrace.store.parts import count_further, count_parts, is_built, list_documents

_NO_FACETS = Facets(0, True, {}, {}, {})

#: Nothing decides on refusals but the program.
_FINGERPRINT = "1"


class PostgresCopy:
    """Keeps the copy in tables of a database, which belongs to whoever opened it.

    Of the text of an event `words.MOST_TEXT_BYTES` are found: who makes the documents needs to make no more of it. A
    call uses one connection at a time.
    """

    name = "postgres"

    def __init__(self, database: Database, *, search_seconds: float = 5.0, most_counted: int = MOST_COUNTED) -> None:
        self._database = database
        self._search_seconds = search_seconds
        self._most_counted = most_counted

    async def prepare(self, months: Sequence[str]) -> None:
        """Nothing is missing: the first write to a month makes its part."""

    async def write(
        self, entries: Sequence[Entry], batch: int, rebuilding: Mapping[str, int]
    ) -> Sequence[WriteOutcome]:
        return await Writing(self._database, batch, rebuilding).write(entries)

    async def overwrite(self, entries: Sequence[Entry], batch: int) -> Sequence[WriteOutcome]:
        return await Writing(self._database, batch, {}).write(entries, overwrite=True)

    async def search(self, search: Search) -> Found:
        if search.index is not None and not is_index_name(search.index):
            return Found((), 0, _NO_FACETS if search.facets else None)
        return await searching.search(self._database, search, self._most_counted, self._search_seconds)

    async def parts(self) -> Sequence[Part]:
        async with transaction(self._database) as connection:
            counted = await count_parts(connection, self._database)
        return [Part(each.month, each.documents, each.newest_batch) for each in counted]

    def may_be_further(self, index: str) -> bool:
        return is_index_name(index)

    async def further(self, month: str) -> Mapping[str, int]:
        async with transaction(self._database) as connection:
            return await count_further(connection, self._database, month, *ids_of_month(month))

    async def list_page(self, month: str, after: UUID | None, most: int, index: str | None = None) -> Sequence[Listed]:
        first, end = ids_of_month(month)
        before_first = UUID(int=max(first.int - 1, 0))
        async with transaction(self._database) as connection:
            after = max(after or FIRST, before_first)
            listed = await list_documents(connection, self._database, month, after, end, most, index)
        return [Listed(event_id, version, str(event_id)) for event_id, version in listed]

    async def list_strangers(self, month: str, most: int, index: str | None = None) -> Sequence[Listed]:  # noqa: ARG002  # the key of a row is an id
        return []

    async def differing(self, documents: Sequence[Document]) -> Sequence[UUID]:
        rows = await make_rows(documents)
        async with transaction(self._database) as connection:
            different = await find_differing(connection, self._database, rows)
        return [document.event_id for document in documents if document.event_id in different]

    async def fingerprint(self) -> str:
        return _FINGERPRINT

    async def bury(self, older_than_seconds: float) -> int:
        async with transaction(self._database) as connection:
            return await bury(connection, self._database, older_than_seconds)

    async def begin_rebuild(self, month: str, generation: int) -> None:
        await rebuilding.begin(self._database, month, generation)

    async def is_building(self, month: str, generation: int) -> bool:
        async with transaction(self._database) as connection:
            return await is_built(connection, self._database, month, generation)

    async def build(self, entries: Sequence[Entry], batch: int, month: str, generation: int) -> Sequence[WriteOutcome]:
        return await Writing(self._database, batch, {month: generation}).build(entries)

    async def finish_rebuild(self, month: str, generation: int, first_batch: int) -> None:  # noqa: ARG002  # the new part holds nothing else
        await rebuilding.finish(self._database, month, generation)

    async def close(self) -> None:
        """Nothing is to be let go of."""
