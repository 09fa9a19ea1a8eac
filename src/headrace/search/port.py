"""What Headrace asks of the place where the search copy lies. Two adapters have it, and one suite tests both.

The copy lies in parts, one a month of the time in the events' ids (`domain.document.month_of`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from headrace.domain.document import Document, Entry
from headrace.domain.query import Query

#: Facets are counted over so many hits at most, the newest.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Written:
    """It holds the entry, or held this very version already."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """It holds a newer version of the event, and kept that."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not take this entry, whenever it is sent, unless the copy itself is changed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """It did not take this entry now."""

    reason: str


WriteOutcome = Written | Superseded | Refused | Postponed


@dataclass(frozen=True, slots=True)
class Part:
    """A month of the copy: how many documents it holds (tombstones apart), and the newest batch that wrote to it."""

    month: str
    documents: int
    newest_batch: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as it is found. `event_id` is None where it is no event's: then `name` says how it is called."""

    event_id: UUID | None
    version: int
    name: str


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of the `counted` newest hits have each type, each state and each day (`2026-11-29`, UTC).

    They are all hits if `complete`; else there are more.
    """

    counted: int
    complete: bool
    types: Mapping[str, int]
    states: Mapping[str, int]
    days: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, the newest event first, and how many there are: `total`, or more if that is `MOST_COUNTED`.

    What is counted does not end at `before`: it is the same for each page.
    """

    ids: Sequence[UUID]
    total: int
    facets: Facets | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: events of a tenant that fit the query, below the id `before`, in an index beside the first."""

    tenant: str
    query: Query
    limit: int
    before: UUID | None = None
    index: str | None = None
    facets: bool = False


class SearchCopy(Protocol):
    """A place for the copy. All raise CopyAway (`headrace.errors`) where it does not answer in time or is not ready."""

    #: What readers are told: `elasticsearch` or `postgres`.
    name: str

    async def prepare(self, months: Sequence[str]) -> None:
        """Make what is missing, so that documents of these months can be written. What is there stays as it is."""

    async def write(
        self, entries: Sequence[Entry], batch: int, rebuilding: Mapping[str, int]
    ) -> Sequence[WriteOutcome]:
        """Store each entry unless a newer version of its event is there; the outcomes are in the order of the entries.

        `batch` is a number that grows with each call. Of the months in `rebuilding` the generation named there, which
        is being built, gets the entries too; an outcome is Written only if all copies have the entry. Where that has no
        place (now, after all that the entries tell of), nobody misses them: whoever makes it builds all of it.
        """

    async def overwrite(self, entries: Sequence[Entry], batch: int) -> Sequence[WriteOutcome]:
        """Store each entry whatever version is there: the copy was ahead of what Postgres holds."""

    async def search(self, search: Search) -> Found:
        """The newest hits below `before`."""

    async def parts(self) -> Sequence[Part]:
        """All months that the copy has, in order, as they are when all that was written is counted."""

    def may_be_further(self, index: str) -> bool:
        """Whether an index beside the first may be called so. Entries that name another one are refused, or, where it
        is what the first is called, are not meant to be anywhere else.
        """

    async def further(self, month: str) -> Mapping[str, int]:
        """How many documents of a month each index beside the first holds, as `parts` counts them."""

    async def list_page(self, month: str, after: UUID | None, most: int, index: str | None = None) -> Sequence[Listed]:
        """Documents of a month in the order of their ids, behind an id, of the first index or of one beside it.

        Tombstones are left out. What lies among them without being an event's comes last, beyond `most`.
        """

    async def list_strangers(self, month: str, most: int, index: str | None = None) -> Sequence[Listed]:
        """What lies in a month, of the first index or of one beside it, is no event's, and is in none of its pages."""

    async def differing(self, documents: Sequence[Document]) -> Sequence[UUID]:
        """Of these documents, all of which it has, those that it holds otherwise than a write would have left them."""

    async def fingerprint(self) -> str:
        """Changes with whatever decides which documents are refused, as a mapping."""

    async def bury(self, older_than_seconds: float) -> int:
        """Forget tombstones that are older, some of them; returns how many."""

    async def begin_rebuild(self, month: str, generation: int) -> None:
        """Have an empty place for a month, beside the one that readers see. One that is there already stays.

        `generation` is a number from 2 on that no earlier rebuild of the month had.
        """

    async def is_building(self, month: str, generation: int) -> bool:
        """Whether that place is there still, with all that was built in it."""

    async def build(self, entries: Sequence[Entry], batch: int, month: str, generation: int) -> Sequence[WriteOutcome]:
        """Store entries in that place alone, as `write` does."""

    async def finish_rebuild(self, month: str, generation: int, first_batch: int) -> None:
        """Let readers see the new place at once, and drop the old one. All that it is to hold was written by
        `first_batch` and later ones.
        """

    async def close(self) -> None:
        """Let go of connections."""
