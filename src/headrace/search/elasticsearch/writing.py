"""Which copies an entry has, and how they are written."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from elasticsearch import AsyncElasticsearch

from headrace.domain.document import Document, Entry, Tombstone, month_of
from headrace.search.elasticsearch.body import body_of
from headrace.search.elasticsearch.bulk import NO_INDEX, Operation, send, worst
from headrace.search.elasticsearch.client import answering
from headrace.search.elasticsearch.indices import IndexImpossible, Indices, Layout
from headrace.search.elasticsearch.naming import Index, Names
from headrace.search.port import Postponed, Refused, Superseded, WriteOutcome

#: The version of an event's first result: no copy can have an older one.
_FIRST_VERSION = 2

_NOTHING = Layout((), (), ())


class Writing:
    """Entries on their way to all places that are to have them."""

    def __init__(self, indices: Indices, names: Names, entries: Sequence[Entry], batch: int, now: datetime) -> None:
        self._indices = indices
        self._names = names
        self._entries = entries
        self._batch = batch
        self._now = now
        self._bodies = [body_of(entry, batch, now) for entry in entries]
        self._layout: Layout | None = None
        self._refused: list[tuple[int, Refused]] = []
        self.operations: list[Operation] = []

    async def to_live(self) -> None:
        """Send each to where readers see it."""
        for position in range(len(self._entries)):
            await self._add(position, None)

    async def to_new(self, generations: Mapping[str, int]) -> None:
        """Send those of the months that are being built to these generations too."""
        for position, entry in enumerate(self._entries):
            generation = generations.get(month_of(entry.event_id))
            if generation is not None:
                await self._add(position, generation)

    def outcomes(self, outcomes: Sequence[WriteOutcome]) -> list[WriteOutcome]:
        """What became of each entry, from what became of each operation."""
        if any(isinstance(outcome, Postponed) and NO_INDEX in outcome.reason for outcome in outcomes):
            self._indices.forget()
        by_entry: list[list[WriteOutcome]] = [[] for _ in self._entries]
        for operation, outcome in zip(self.operations, outcomes, strict=True):
            by_entry[operation.position].append(outcome)
        for position, refused in self._refused:
            by_entry[position].append(refused)
        return [worst(found) for found in by_entry]

    async def _add(self, position: int, generation: int | None) -> None:
        entry = self._entries[position]
        month = month_of(entry.event_id)
        own = Index(self._names.prefix, month, generation or 0)
        self._operation(position, own, self._bodies[position])
        named = {own.name, *(entry.indices if isinstance(entry, Document) else ())}
        for name in sorted(named - {own.name}):
            index = Index(name, month, generation or 0)
            try:
                await self._have(index)
            except IndexImpossible as error:
                self._refused.append((position, Refused(str(error))))
            else:
                self._operation(position, index, self._bodies[position])
        if may_have_been_elsewhere(entry):
            gone = body_of(Tombstone(entry.event_id, entry.version), self._batch, self._now)
            for index in await self._others(month, generation, named):
                self._operation(position, index, gone)

    async def _have(self, index: Index) -> None:
        if not self._names.may_be_further(index.name):
            raise IndexImpossible(f"no index may be called {index.name[:100]!r}")
        if index.generation:
            await self._indices.prepare_new(index)
        else:
            await self._indices.prepare(index.name, index.month)

    async def _others(self, month: str, generation: int | None, named: set[str]) -> Iterator[Index]:
        """The further indices that are there and may still have an event that does not name them."""
        if self._layout is None:
            self._layout = await self._indices.layout()
        if generation is None:
            there = [Index(index.name, month, 0) for index in self._layout.further_of(month)]
        else:
            there = list(self._layout.new_of(month, generation))
        return (index for index in there if index.name not in named)

    def _operation(self, position: int, index: Index, body: bytes) -> None:
        entry = self._entries[position]
        alias = index.new_alias if index.generation else index.month_alias
        self.operations.append(Operation(position, alias, entry.event_id, entry.version, body))


def may_have_been_elsewhere(entry: Entry) -> bool:
    """Whether an earlier result of the event may lie in a further index that this one does not name."""
    return isinstance(entry, Tombstone) or entry.version > _FIRST_VERSION


async def overwritten(client: AsyncElasticsearch, operations: Sequence[Operation]) -> list[WriteOutcome]:
    """Put each in the place of what is there now; whoever changes that meanwhile is not overwritten."""
    if not operations:
        return []
    wanted = [{"_index": operation.alias, "_id": str(operation.event_id)} for operation in operations]
    with answering():
        found = (await client.mget(docs=wanted, source=False)).body["docs"]
    outcomes: dict[int, WriteOutcome] = {}
    requests: dict[int, tuple[bytes, bytes]] = {}
    for place, (operation, document) in enumerate(zip(operations, found, strict=True)):
        if "error" in document:
            outcomes[place] = Postponed(document["error"]["type"])
        elif document["found"]:
            requests[place] = operation.in_place_of(document)
        else:
            requests[place] = operation.if_missing()
    for place, outcome in zip(requests, await send(client, list(requests.values())), strict=True):
        changed = isinstance(outcome, Superseded)
        outcomes[place] = Postponed("it was changed meanwhile") if changed else outcome
    return [outcomes[place] for place in range(len(operations))]
