"""Searches, and the facets of their hits."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from headrace.search.port import Facets, Found, Search
from headrace.search.postgres.answering import connected
from headrace.search.postgres.conditions import conditions_of
from headrace.store.choosing import LAST
from headrace.store.conditions import AcceptedBetween, Condition
from headrace.store.database import Database
from headrace.store.finding import ByKind, Finder, Wanted

#: The server ends a statement that takes too long. If it does not, the connection is given up this much later.
_GRACE_SECONDS = 1.0


async def search(database: Database, search: Search, most_counted: int, seconds: float) -> Found:
    """The newest hits below `before`, within so many seconds. Raises CopyAway."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    wanted = _wanted(search, most_counted)
    async with connected(database, seconds, seconds + _GRACE_SECONDS) as connection, connection.transaction():
        return await _find(Finder(connection, database, wanted, lambda: deadline - loop.time()), wanted)


async def _find(finder: Finder, wanted: Wanted) -> Found:
    few = await finder.find_few()
    if few is not None:
        return Found(few.ids, few.total, _facets(few.by_kind, few.total, complete=True) if wanted.facets else None)
    ids, total = await finder.find_newest(), wanted.most_counted
    return Found(ids, total, _facets(await finder.count_newest(), total, complete=False) if wanted.facets else None)


def _wanted(search: Search, most_counted: int) -> Wanted:
    conditions = list(conditions_of(search))
    end = _end(conditions)
    before = end if search.before is None else min(search.before, end)
    return Wanted(search.tenant, conditions, before, end, search.limit, most_counted, search.facets)


def _end(conditions: Sequence[Condition]) -> UUID:
    """An id above all that can fit."""
    ends = (condition.end for condition in conditions if isinstance(condition, AcceptedBetween))
    return min((end for end in ends if end is not None), default=LAST)


def _facets(by_kind: ByKind, counted: int, *, complete: bool) -> Facets:
    return Facets(counted, complete, by_kind.types, by_kind.states, by_kind.days)
