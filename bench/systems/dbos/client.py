"""Workflows enqueued many in a transaction, counted by their state, and read through the client of DBOS."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import psycopg
import sqlalchemy
from dbos import DBOSClient, run_dbos_database_migrations

from bench.services import Services
from bench.systems.dbos.queue import APPLICATION, QUEUE, VERSION, WORKFLOW
from bench.systems.foreign import chunks_of
from bench.systems.system import StoredResult

#: Workflows of one transaction.
CHUNK = 1000

#: What is through.
_FINISHED = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"


class DbosClient:
    """DBOS's own client, and a connection that counts."""

    def __init__(self, services: Services) -> None:
        self._url = services.owner_url

    async def open(self) -> None:
        """Connect; what `dbos migrate` does."""
        await asyncio.to_thread(run_dbos_database_migrations, self._url)
        address = self._url.replace("postgresql://", "postgresql+psycopg://", 1)
        self._engine = sqlalchemy.create_engine(address)
        self._client = DBOSClient(system_database_url=self._url, application_name=APPLICATION)
        self._counting = await psycopg.AsyncConnection.connect(self._url, autocommit=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._counting.close()
        await asyncio.to_thread(self._client.destroy)
        self._engine.dispose()

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Enqueue workflows, a thousand a transaction."""
        return await asyncio.to_thread(self._enqueue, bodies)

    async def finished(self) -> int:
        """How many workflows succeeded."""
        row = await (await self._counting.execute(_FINISHED)).fetchone()
        return int(row[0]) if row else 0

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Inputs and outputs as they are stored. Raises LookupError if one has none."""
        wanted = list(ids)
        found = {status.workflow_id: status for status in await self._client.list_workflows_async(workflow_ids=wanted)}
        return [_result_of(found[workflow]) for workflow in wanted]

    def _enqueue(self, bodies: Sequence[bytes]) -> list[str]:
        options = {"workflow_name": WORKFLOW, "queue_name": QUEUE, "app_version": VERSION}
        ids: list[str] = []
        for chunk in chunks_of(bodies, CHUNK):
            with self._engine.begin() as connection:
                for body in chunk:
                    handle = self._client.enqueue_in_transaction(connection, options, orjson.loads(body))
                    ids.append(handle.get_workflow_id())
        return ids


def _result_of(status: Any) -> StoredResult:
    if status.output is None:
        raise LookupError(f"The workflow {status.workflow_id} is {status.status} and has no output.")
    return StoredResult(status.output["first"], status.output["second"], status.input["args"][0])
