"""Comparing the search copy with what Postgres holds, both ways, a page at a time."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from headrace.domain.document import ids_of_month, month_of
from headrace.search.port import Listed, Part, SearchCopy
from headrace.store.database import Database
from headrace.store.finished import find_ends, list_versions

#: Events that are compared at a time.
PAGE = 10_000

#: A finished event: its version, and the further indices that are to have it.
Finished = tuple[UUID, int, Sequence[str]]


class Kind(StrEnum):
    """What can be wrong with an entry of the copy."""

    MISSING = "missing"
    OTHER_VERSION = "other-version"
    STRANGER = "stranger"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that is not as it should be. `name` is the event's id, or how the copy calls what is no event's.

    `expected` is the version that Postgres holds (None: it holds no result of that), `found` that of the copy. `index`
    is the further index that it is about; None where it is the first one.
    """

    kind: Kind
    month: str
    name: str
    event_id: UUID | None
    expected: int | None
    found: int | None
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Finished events with their versions, in the order of their ids, and what of these is wrong in the copy.

    `named` is how many of them each further index is to have.
    """

    versions: Sequence[tuple[UUID, int]]
    differences: Sequence[Difference]
    named: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Span:
    """What both sides list behind one id and up to another (None: to the end of the month).

    `held` is all that the copy lists, and may reach further; `found` has the ids and versions of its documents.
    """

    after: UUID
    up_to: UUID | None
    held: Sequence[Listed]
    found: Mapping[UUID, int]
    finished: Sequence[Finished]


class _Strangers:
    """What was seen of a month that is no event's: pages overlap, and each is told once."""

    def __init__(self, month: str) -> None:
        self._month = month
        self._seen: set[tuple[str | None, str]] = set()

    def new_ones(self, held: Iterable[Listed], index: str | None = None) -> list[Difference]:
        """Those among what is listed of an index that were not seen yet."""
        found = []
        for listed in held:
            if listed.event_id is None and (index, listed.name) not in self._seen:
                self._seen.add((index, listed.name))
                found.append(Difference(Kind.STRANGER, self._month, listed.name, None, None, listed.version, index))
        return found


async def months_to_compare(database: Database, parts: Sequence[Part]) -> list[str]:
    """Every month that Postgres or the copy, which has these parts, has anything of, in order."""
    async with database.connection() as connection:
        ends = await find_ends(connection, database)
    return sorted({part.month for part in parts} | set(_months_between(*ends) if ends else ()))


def place_before(event_id: UUID) -> UUID:
    """What a page begins behind that is to begin with this id."""
    return UUID(int=max(event_id.int - 1, 0))


async def compare(database: Database, copy: SearchCopy, month: str) -> AsyncGenerator[Page, None]:
    """All of a month, page after page. What changes meanwhile may show as a difference: look twice."""
    further = await copy.further(month)
    strangers = _Strangers(month)
    for index in (None, *sorted(further)):
        yield Page((), strangers.new_ones(await copy.list_strangers(month, PAGE, index), index))
    async with aclosing(_spans(database, copy, month)) as spans:
        async for span in spans:
            here = span.finished
            versions = {event_id: version for event_id, version, _ in here}
            differences = strangers.new_ones(span.held) + _differences(month, versions, span.found)
            named = {index: some for index, some in _named(here).items() if copy.may_be_further(index)}
            for index in sorted({*further, *named}):
                held = await _list_between(copy, month, index, span.after, span.up_to)
                differences += strangers.new_ones(held, index)
                differences += _differences(month, named.get(index, {}), _up_to(_versions(held), span.up_to), index)
            yield Page(list(versions.items()), differences, {index: len(some) for index, some in named.items()})


async def compare_one(database: Database, copy: SearchCopy, difference: Difference) -> Difference | None:
    """What is wrong now with an event's entry in an index where it was wrong before."""
    event_id, index = difference.event_id, difference.index
    assert event_id is not None
    before = place_before(event_id)
    found = _up_to(_versions(await copy.list_page(difference.month, before, 1, index)), event_id)
    finished = await _list_finished(database, before, UUID(int=event_id.int + 1), 1)
    expected = {id_: version for id_, version, indices in finished if index is None or index in indices}
    return next(iter(_differences(difference.month, expected, found, index)), None)


async def _spans(database: Database, copy: SearchCopy, month: str) -> AsyncGenerator[_Span, None]:
    """All of a month, piece after piece. The next one is read while this one is looked at."""
    first, end = ids_of_month(month)
    reading = asyncio.create_task(_read_span(database, copy, month, place_before(first), end))
    try:
        while True:
            span = await reading
            if span.up_to is None:
                yield span
                return
            reading = asyncio.create_task(_read_span(database, copy, month, span.up_to, end))
            yield span
    finally:
        reading.cancel()
        await asyncio.wait({reading})


async def _read_span(database: Database, copy: SearchCopy, month: str, after: UUID, end: UUID) -> _Span:
    """What is behind an id, up to the last that is certain to be listed on both sides."""
    held, finished = await asyncio.gather(
        copy.list_page(month, after, PAGE), _list_finished(database, after, end, PAGE)
    )
    found = _versions(held)
    last_ids = [next(reversed(found))] if len(found) == PAGE else []
    last_ids += [finished[-1][0]] if len(finished) == PAGE else []
    up_to = min(last_ids, default=None)
    here = finished if up_to is None else [row for row in finished if row[0] <= up_to]
    return _Span(after, up_to, held, _up_to(found, up_to), here)


async def _list_finished(database: Database, after: UUID, end: UUID, most: int) -> list[Finished]:
    async with database.connection() as connection:
        return await list_versions(connection, database, after, end, most)


async def _list_between(copy: SearchCopy, month: str, index: str, after: UUID, up_to: UUID | None) -> Sequence[Listed]:
    """What a further index holds behind one id and up to another, and maybe some more."""
    held: list[Listed] = []
    while True:
        page = await copy.list_page(month, after, PAGE, index)
        held += page
        found = _versions(page)
        if len(found) < PAGE:
            return held
        after = next(reversed(found))
        if up_to is not None and after >= up_to:
            return held


def _named(finished: Iterable[Finished]) -> dict[str, dict[UUID, int]]:
    """The versions that each further index is to have."""
    named: defaultdict[str, dict[UUID, int]] = defaultdict(dict)
    for event_id, version, indices in finished:
        for index in indices:
            named[index][event_id] = version
    return named


def _versions(held: Sequence[Listed]) -> dict[UUID, int]:
    """Ids and versions of what is listed as events' documents."""
    return {listed.event_id: listed.version for listed in held if listed.event_id is not None}


def _up_to(found: dict[UUID, int], up_to: UUID | None) -> dict[UUID, int]:
    if up_to is None or not found or next(reversed(found)) <= up_to:
        return found
    return {event_id: version for event_id, version in found.items() if event_id <= up_to}


def _differences(
    month: str, expected: Mapping[UUID, int], found: Mapping[UUID, int], index: str | None = None
) -> list[Difference]:
    if expected == found:
        return []
    differences = []
    for event_id in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(event_id), found.get(event_id)
        if ours != theirs:
            kind = Kind.STRANGER if ours is None else Kind.MISSING if theirs is None else Kind.OTHER_VERSION
            differences.append(Difference(kind, month, str(event_id), event_id, ours, theirs, index))
    return differences


def _months_between(first: UUID, last: UUID) -> list[str]:
    months = [month_of(first)]
    while months[-1] < month_of(last):
        _, behind = ids_of_month(months[-1])
        months.append(month_of(behind))
    return months
