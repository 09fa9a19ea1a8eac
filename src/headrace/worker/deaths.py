"""Telling the database of processes that were seen to die, so that their runs need not wait for a lease to run out."""

import asyncio
from uuid import UUID

import psycopg
import structlog

from headrace.errors import HeadraceError
from headrace.settings import Settings
from headrace.store import workers
from headrace.store.database import connect_options

_log = structlog.get_logger(__name__)


class DeathNotices:
    """Launches whose end waits to be reported; what cannot be delivered is kept, and the lease runs out meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._launches: list[UUID] = []
        self._delivering: asyncio.Task[None] | None = None

    def add(self, launch: UUID) -> None:
        self._launches.append(launch)

    def deliver(self) -> None:
        """Report what is waiting, in the background."""
        if self._launches and (self._delivering is None or self._delivering.done()):
            self._delivering = asyncio.create_task(self._deliver())

    async def delivered(self) -> None:
        """Wait for the report that is under way."""
        if self._delivering is not None:
            await self._delivering

    async def _deliver(self) -> None:
        launches = list(self._launches)
        statement = workers.statement(workers.DIED, self._settings.database_schema)
        try:
            async with await psycopg.AsyncConnection.connect(
                self._settings.database_source()(), **connect_options("transaction")
            ) as connection:
                await connection.execute(statement, {"launches": launches})
        except (psycopg.Error, HeadraceError) as error:
            _log.warning("cannot report dead processes yet", error=type(error).__name__)
            await asyncio.sleep(1.0)
            return
        del self._launches[: len(launches)]
