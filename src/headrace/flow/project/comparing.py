"""Comparing the search copy with what Postgres holds, both ways, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from headrace.domain.document import month_of
from headrace.domain.ids import first_id_at
from headrace.search.port import Listed, SearchCopy
from headrace.store.database import Database
from headrace.store.finished import find_ends, list_versions

#: Events that are compared at a time.
PAGE = 10_000


class Kind(StrEnum):
    """What can be wrong with an entry of the copy."""

    MISSING = "missing"
    OTHER_VERSION = "other-version"
    STRANGER = "stranger"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that is not as it should be. `name` is the event's id, or how the copy calls what is no event's.

    `expected` is the version that Postgres holds (None: it holds no result of that), `found` that of the copy.
    """

    kind: Kind
    month: str
    name: str
    event_id: UUID | None
    expected: int | None
    found: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Finished events with their versions, in the order of their ids, and what of these is wrong in the copy."""

    versions: Sequence[tuple[UUID, int]]
    differences: Sequence[Difference]


async def months_to_compare(database: Database, copy: SearchCopy) -> list[str]:
    """Every month that Postgres or the copy has anything of, in order."""
    async with database.connection() as connection:
        ends = await find_ends(connection, database)
    months = {part.month for part in await copy.parts()}
    return sorted(months | set(_months_between(*ends) if ends else ()))


def bounds_of(month: str) -> tuple[UUID, UUID]:
    """The first id of a month, and the first of the next one."""
    first = datetime.strptime(month, "%Y.%m").replace(tzinfo=UTC)
    return first_id_at(first), first_id_at(_next(first))


async def compare(database: Database, copy: SearchCopy, month: str) -> AsyncIterator[Page]:
    """All of a month, page after page. What changes meanwhile may show as a difference: look twice."""
    strangers = [_stranger(month, listed) for listed in await copy.list_strangers(month, PAGE)]
    if strangers:
        yield Page((), strangers)
    first, end = bounds_of(month)
    after = UUID(int=first.int - 1) if first.int else first
    while True:
        held = await copy.list_page(month, after, PAGE)
        async with database.connection() as connection:
            versions = await list_versions(connection, database, first, end, after, PAGE)
        full = [rows for rows in (held, versions) if len(rows) == PAGE]
        up_to = min((_last_id(rows) for rows in full), default=None)
        page = _page_up_to(month, versions, held, up_to)
        yield page
        if up_to is None:
            return
        after = up_to


async def compare_one(database: Database, copy: SearchCopy, month: str, event_id: UUID) -> Difference | None:
    """What is wrong with one event's entry in the month that it lies in."""
    before, behind = UUID(int=event_id.int - 1), UUID(int=event_id.int + 1)
    held = [each for each in await copy.list_page(month, before, 1) if each.event_id == event_id]
    async with database.connection() as connection:
        versions = await list_versions(connection, database, event_id, behind, before, 1)
    return next(iter(_page_up_to(month, versions, held, None).differences), None)


def _page_up_to(month: str, versions: Sequence[tuple[UUID, int]], held: Sequence[Listed], up_to: UUID | None) -> Page:
    expected = {event_id: version for event_id, version in versions if up_to is None or event_id <= up_to}
    found = {
        listed.event_id: listed.version
        for listed in held
        if listed.event_id is not None and (up_to is None or listed.event_id <= up_to)
    }
    return Page(list(expected.items()), list(_differences(month, expected, found)))


def _differences(month: str, expected: dict[UUID, int], found: dict[UUID, int]) -> list[Difference]:
    differences = []
    for event_id in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(event_id), found.get(event_id)
        if ours != theirs:
            kind = Kind.STRANGER if ours is None else Kind.MISSING if theirs is None else Kind.OTHER_VERSION
            differences.append(Difference(kind, month, str(event_id), event_id, ours, theirs))
    return differences


def _stranger(month: str, listed: Listed) -> Difference:
    return Difference(Kind.STRANGER, month, listed.name, listed.event_id, None, listed.version)


def _last_id(rows: Sequence[tuple[UUID, int]] | Sequence[Listed]) -> UUID:
    last = rows[-1]
    found = last.event_id if isinstance(last, Listed) else last[0]
    assert found is not None
    return found


def _months_between(first: UUID, last: UUID) -> list[str]:
    months = [month_of(first)]
    while months[-1] < month_of(last):
        months.append(_next(datetime.strptime(months[-1], "%Y.%m").replace(tzinfo=UTC)).strftime("%Y.%m"))
    return months


def _next(first: datetime) -> datetime:
    """The first moment of the next month."""
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
