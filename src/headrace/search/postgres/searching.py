"""Searches, and the facets of their hits."""

import asyncio
from collections.abc import Callable

from headrace.search.port import Facets, Found, Search
from headrace.search.postgres.answering import connected
from headrace.search.postgres.conditions import conditions_of
from headrace.store.choosing import LAST
from headrace.store.database import Connection, Database, limit_statements
from headrace.store.finding import ByKind, Wanted, count_newest, find_few, find_newest

#: The server ends a statement that takes too long. If it does not, the connection is given up this much later.
_GRACE_SECONDS = 1.0

#: A statement has so long at least: 0 would be without end.
_LEAST_SECONDS = 0.001


async def search(database: Database, wanted: Search, most_counted: int, seconds: float) -> Found:
    """The newest hits below `before`, within so many seconds. Raises CopyAway."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    asked = Wanted(
        wanted.tenant, list(conditions_of(wanted)), wanted.before or LAST, wanted.limit, most_counted, wanted.facets
    )
    async with connected(database, seconds + _GRACE_SECONDS) as connection, connection.transaction():
        return await _find(connection, database, asked, lambda: max(deadline - loop.time(), _LEAST_SECONDS))


async def _find(connection: Connection, database: Database, wanted: Wanted, left: Callable[[], float]) -> Found:
    await limit_statements(connection, left())
    few = await find_few(connection, database, wanted)
    if few is not None:
        ids, total, by_kind = few
        return Found(ids, total, _facets(by_kind, total, complete=True) if wanted.facets else None)
    await limit_statements(connection, left())
    ids = await find_newest(connection, database, wanted)
    if not wanted.facets:
        return Found(ids, wanted.most_counted)
    await limit_statements(connection, left())
    by_kind = await count_newest(connection, database, wanted)
    return Found(ids, wanted.most_counted, _facets(by_kind, wanted.most_counted, complete=False))


def _facets(by_kind: ByKind, counted: int, *, complete: bool) -> Facets:
    return Facets(counted, complete, by_kind.types, by_kind.states, by_kind.days)
