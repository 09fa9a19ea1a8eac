"""Jobs deferred by batches, and counted by their state."""

from collections.abc import Iterable, Sequence

import orjson
import psycopg
from procrastinate import App, PsycopgConnector

from bench.services import Services
from bench.systems.foreign import chunks_of
from bench.systems.procrastinate.task import TASK
from bench.systems.system import StoredResult

#: Jobs of one statement.
CHUNK = 1000

#: What is through.
_FINISHED = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"


class ProcrastinateClient:
    """On its own pool, and a connection that counts."""

    def __init__(self, services: Services) -> None:
        self._url = services.owner_url
        self._app = App(connector=PsycopgConnector(conninfo=services.owner_url))

    async def open(self) -> None:
        """Connect; what `procrastinate schema --apply` does."""
        await self._app.open_async()
        await self._app.schema_manager.apply_schema_async()
        self._counting = await psycopg.AsyncConnection.connect(self._url, autocommit=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._counting.close()
        await self._app.close_async()

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Defer jobs, a thousand at a time."""
        ids: list[str] = []
        for chunk in chunks_of(bodies, CHUNK):
            jobs = [{"event": orjson.loads(body)} for body in chunk]
            ids += [str(number) for number in await self._app.configure_task(TASK).batch_defer_async(*jobs)]
        return ids

    async def finished(self) -> int:
        """How many jobs succeeded."""
        row = await (await self._counting.execute(_FINISHED)).fetchone()
        return int(row[0]) if row else 0

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Raises LookupError: it stores no results."""
        raise LookupError(f"Procrastinate stores no results: {list(ids)[:1]}")
