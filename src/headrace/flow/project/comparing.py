"""Comparing the search copy with what Postgres holds, both ways, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from headrace.domain.document import ids_of_month, month_of
from headrace.search.port import Listed, Part, SearchCopy
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


async def months_to_compare(database: Database, parts: Sequence[Part]) -> list[str]:
    """Every month that Postgres or the copy, which has these parts, has anything of, in order."""
    async with database.connection() as connection:
        ends = await find_ends(connection, database)
    return sorted({part.month for part in parts} | set(_months_between(*ends) if ends else ()))


def place_before(event_id: UUID) -> UUID:
    """What a page begins behind that is to begin with this id."""
    return UUID(int=max(event_id.int - 1, 0))


async def compare(database: Database, copy: SearchCopy, month: str) -> AsyncIterator[Page]:
    """All of a month, page after page. What changes meanwhile may show as a difference: look twice."""
    strangers = [_stranger(month, listed) for listed in await copy.list_strangers(month, PAGE)]
    if strangers:
        yield Page((), strangers)
    first, end = ids_of_month(month)
    after = place_before(first)
    while True:
        held = await copy.list_page(month, after, PAGE)
        async with database.connection() as connection:
            versions = await list_versions(connection, database, after, end, PAGE)
        full = [rows for rows in (held, versions) if len(rows) == PAGE]
        up_to = min((_last_id(rows) for rows in full), default=None)
        yield _page_up_to(month, versions, held, up_to)
        if up_to is None:
            return
        after = up_to


async def compare_one(database: Database, copy: SearchCopy, month: str, event_id: UUID) -> Difference | None:
    """What is wrong with one event's entry in the month that it lies in."""
    before = place_before(event_id)
    held = [each for each in await copy.list_page(month, before, 1) if each.event_id == event_id]
    async with database.connection() as connection:
        versions = await list_versions(connection, database, before, UUID(int=event_id.int + 1), 1)
    return next(iter(_page_up_to(month, versions, held, None).differences), None)


def _page_up_to(month: str, versions: Sequence[tuple[UUID, int]], held: Sequence[Listed], up_to: UUID | None) -> Page:
    expected = {event_id: version for event_id, version in versions if up_to is None or event_id <= up_to}
    found = {
        listed.event_id: listed.version
        for listed in held
        if listed.event_id is not None and (up_to is None or listed.event_id <= up_to)
    }
    return Page(list(expected.items()), _differences(month, expected, found))


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
        _, behind = ids_of_month(months[-1])
        months.append(month_of(behind))
    return months
