"""Jobs enqueued by lists, and counted by what is left of them."""

from collections.abc import Iterable, Sequence

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from bench.services import Services
from bench.systems.foreign import chunks_of
from bench.systems.pgqueuer.entrypoint import ENTRYPOINT
from bench.systems.system import StoredResult

#: Jobs of one INSERT.
CHUNK = 1000


class PgQueuerClient:
    """On one connection."""

    def __init__(self, services: Services) -> None:
        self._url = services.owner_url
        self._filled = 0

    async def open(self) -> None:
        """Connect; what `pgq install` and `pgq autovac` do."""
        self._connection = await asyncpg.connect(self._url)
        self._queries = Queries(AsyncpgDriver(self._connection))
        await self._queries.install()
        await self._queries.optimize_autovacuum()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Enqueue jobs, a thousand a statement."""
        ids: list[str] = []
        for chunk in chunks_of(bodies, CHUNK):
            stored = await self._queries.enqueue([ENTRYPOINT] * len(chunk), list(chunk), [0] * len(chunk))
            ids += [str(number) for number in stored]
        self._filled += len(ids)
        return ids

    async def finished(self) -> int:
        """A job that is through is deleted."""
        return self._filled - int(await self._connection.fetchval("SELECT count(*) FROM pgqueuer"))

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Raises LookupError: it stores no results."""
        raise LookupError(f"PgQueuer stores no results: {list(ids)[:1]}")
