"""Places for a search copy that tests can look behind, and documents to lay there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson

from headrace.domain.document import Document, Entry, Tombstone, month_of
from headrace.domain.ids import new_id
from headrace.domain.query import Clause, Query
from headrace.domain.states import EventState
from headrace.search.port import Found, Search, SearchCopy, WriteOutcome, Written

#: The month of all documents whose time does not matter.
MONTH = "2026.11"
MOMENT = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)

#: Facets are counted over so many hits in tests.
MOST_COUNTED = 20


class Behind(Protocol):
    """What happens to a copy without anybody being told."""

    async def remove(self, event_id: UUID) -> None:
        """A document is lost."""

    async def corrupt(self, event_id: UUID) -> None:
        """A document's payload is another, under the same version."""


@dataclass
class Place:
    """An empty copy of a test's own."""

    copy: SearchCopy
    behind: Behind
    _batch: int = 0

    async def write(self, *entries: Entry, rebuilding: dict[str, int] | None = None) -> Sequence[WriteOutcome]:
        """Write a batch, as the projector does: whatever is missing is made first."""
        await self.copy.prepare(sorted({month_of(entry.event_id) for entry in entries}))
        self._batch += 1
        return await self.copy.write(entries, self._batch, rebuilding or {})

    async def add(self, *entries: Entry) -> None:
        """Write a batch that is taken as a whole, and is found from then on."""
        assert list(await self.write(*entries)) == [Written()] * len(entries)
        await self.copy.parts()

    async def overwrite(self, *entries: Entry) -> Sequence[WriteOutcome]:
        self._batch += 1
        return await self.copy.overwrite(entries, self._batch)

    async def build(self, generation: int, *entries: Entry) -> Sequence[WriteOutcome]:
        self._batch += 1
        return await self.copy.build(entries, self._batch, MONTH, generation)

    async def found(self, *clauses: Clause, index: str | None = None, tenant: str = "acme") -> list[UUID]:
        """The ids of all hits."""
        return list((await self.search(*clauses, index=index, tenant=tenant)).ids)

    async def search(self, *clauses: Clause, limit: int = 100, **further: Any) -> Found:
        tenant = further.pop("tenant", "acme")
        return await self.copy.search(Search(tenant, Query(clauses), limit, **further))

    async def versions(self) -> dict[UUID | None, int]:
        """The version of each document of the month."""
        return {listed.event_id: listed.version for listed in await self.copy.list_page(MONTH, None, 100)}


def id_after(seconds: float = 0.0) -> UUID:
    """A new id whose time is so much after `MOMENT`."""
    return new_id(MOMENT + timedelta(seconds=seconds))


def document(event_id: UUID | None = None, version: int = 2, **further: Any) -> Document:
    """A document with little in it; `further` says what is of interest. `payload` goes into its content."""
    payload = further.pop("payload", {"n": 1})
    event_id = event_id or id_after()
    fields: dict[str, Any] = {
        "tenant": "acme",
        "type": "order",
        "state": EventState.SUCCEEDED,
        "reason": None,
        "node": None,
        "code": None,
        "key": None,
        "source": None,
        "subject": None,
        "release": None,
        "attempts": 1,
        "started_at": MOMENT,
        "finished_at": MOMENT,
        "content": orjson.dumps({"payload": payload, "outputs": {}, "error": None, "extra": {}}),
        "words": "",
        "terms": (),
    }
    return Document(event_id=event_id, version=version, **fields | further)


def tombstone(event_id: UUID, version: int = 3) -> Tombstone:
    return Tombstone(event_id, version)
