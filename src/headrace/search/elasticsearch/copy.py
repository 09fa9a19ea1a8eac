"""The search copy in Elasticsearch."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from headrace.domain.clock import Clock, utc_now
from headrace.domain.document import Document, Entry
from headrace.errors import CopyAway
from headrace.search.elasticsearch import listing, searching, upkeep
from headrace.search.elasticsearch.bulk import send
from headrace.search.elasticsearch.client import make_client
from headrace.search.elasticsearch.comparing import differing
from headrace.search.elasticsearch.indices import IndexImpossible, Indices
from headrace.search.elasticsearch.naming import Index, Names
from headrace.search.elasticsearch.writing import Writing, overwritten
from headrace.search.port import MOST_COUNTED, Facets, Found, Listed, Part, Search, WriteOutcome

_NO_FACETS = Facets(0, True, {}, {}, {})


class ElasticsearchCopy:
    """Keeps the copy at `url`, which may hold a user and a password, in indices whose names begin with `prefix`."""

    name = "elasticsearch"

    def __init__(
        self,
        url: str,
        prefix: str = "headrace",
        timeout_seconds: float = 10.0,
        *,
        most_counted: int = MOST_COUNTED,
        clock: Clock = utc_now,
    ) -> None:
        self._client = make_client(url, timeout_seconds)
        self._names = Names(prefix)
        self._indices = Indices(self._client, self._names)
        self._most_counted = most_counted
        self._clock = clock

    async def prepare(self, months: Sequence[str]) -> None:
        try:
            for month in months:
                await self._indices.prepare(self._names.prefix, month)
        except IndexImpossible as error:
            raise CopyAway(str(error)) from None

    async def write(
        self, entries: Sequence[Entry], batch: int, rebuilding: Mapping[str, int]
    ) -> Sequence[WriteOutcome]:
        writing = self._writing(entries, batch)
        await writing.to_live()
        if rebuilding:
            new = set((await self._indices.layout()).new)
            there = {month for month, generation in rebuilding.items() if self._index(month, generation) in new}
            await writing.to_new({month: rebuilding[month] for month in there})
        return await self._send(writing)

    async def overwrite(self, entries: Sequence[Entry], batch: int) -> Sequence[WriteOutcome]:
        writing = self._writing(entries, batch)
        await writing.to_live()
        return writing.outcomes(await overwritten(self._client, writing.operations))

    async def search(self, search: Search) -> Found:
        alias = search.index or self._names.prefix
        if alias != self._names.prefix and not await self._is_further(alias):
            return Found((), 0, _NO_FACETS if search.facets else None)
        return await searching.search(self._client, alias, search, self._most_counted)

    async def parts(self) -> Sequence[Part]:
        return await listing.parts_of(self._client, self._names, await self._indices.layout())

    def may_be_further(self, index: str) -> bool:
        return self._names.may_be_further(index)

    async def further(self, month: str) -> Mapping[str, int]:
        further = (await self._indices.layout()).further_of(month)
        return await listing.count(self._client, further)

    async def list_page(self, month: str, after: UUID | None, most: int, index: str | None = None) -> Sequence[Listed]:
        alias = Index(index or self._names.prefix, month, 0).month_alias
        return await listing.list_page(self._client, alias, month, after, most)

    async def list_strangers(self, month: str, most: int, index: str | None = None) -> Sequence[Listed]:
        alias = Index(index or self._names.prefix, month, 0).month_alias
        return await listing.list_strangers(self._client, alias, month, most)

    async def differing(self, documents: Sequence[Document]) -> Sequence[UUID]:
        layout = await self._indices.layout()
        return await differing(self._client, self._names, layout, documents, self._clock())

    async def fingerprint(self) -> str:
        return await upkeep.fingerprint(self._client, await self._indices.layout())

    async def bury(self, older_than_seconds: float) -> int:
        before = self._clock() - timedelta(seconds=older_than_seconds)
        return await upkeep.bury(self._client, self._names, before)

    async def begin_rebuild(self, month: str, generation: int) -> None:
        layout = await self._indices.layout()
        names = [self._names.prefix, *(index.name for index in layout.further_of(month))]
        self._indices.forget()
        try:
            for name in names:
                await self._indices.prepare_new(Index(name, month, generation))
        except IndexImpossible as error:
            raise CopyAway(str(error)) from None

    async def is_building(self, month: str, generation: int) -> bool:
        layout = await self._indices.layout()
        built = {index.name for index in layout.new_of(month, generation)}
        return {self._names.prefix, *(index.name for index in layout.further_of(month))} <= built

    async def build(self, entries: Sequence[Entry], batch: int, month: str, generation: int) -> Sequence[WriteOutcome]:
        writing = self._writing(entries, batch)
        await writing.to_new({month: generation})
        return await self._send(writing)

    async def finish_rebuild(self, month: str, generation: int, first_batch: int) -> None:  # noqa: ARG002  # the new index holds nothing else
        layout = await self._indices.layout()
        new = layout.new_of(month, generation)
        own = self._index(month, generation)
        if own in new:
            await listing.refresh(self._client, *(index.full_name for index in new))
            await self._indices.show(new, layout)
        elif own not in layout.live:
            raise CopyAway(f"the new index of {month} is there no longer")
        for index in {own, *new}:
            await self._indices.drop_others(index)

    async def close(self) -> None:
        await self._client.close()

    def _writing(self, entries: Sequence[Entry], batch: int) -> Writing:
        return Writing(self._indices, self._names, entries, batch, self._clock())

    async def _send(self, writing: Writing) -> Sequence[WriteOutcome]:
        requests = [operation.if_not_older() for operation in writing.operations]
        return writing.outcomes(await send(self._client, requests))

    def _index(self, month: str, generation: int = 0) -> Index:
        return Index(self._names.prefix, month, generation)

    async def _is_further(self, name: str) -> bool:
        """Whether an index is ours: others of the same server are nobody's to search here."""
        layout = await self._indices.layout()
        return any(index.name == name for index in layout.further)
