"""Where nothing is to be searched: the outbox is emptied, and no copy is written."""

import asyncio

import psycopg
import structlog

from headrace.store.database import Database
from headrace.store.projections import discard

#: Rows that are taken away at a time.
CHUNK = 10_000

_log = structlog.get_logger(__name__)


class Discarder:
    """Works in `run` while it is woken as the one that leads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leads = False
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self, *, leads: bool, waiting: bool) -> None:
        """Say at each look of the relay whether this process leads, and whether any row is there."""
        self._leads = leads
        if leads and waiting:
            self._woken.set()

    def stop(self) -> None:
        """End after the chunk that is under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Empty the outbox whenever it is woken, until `stop`."""
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            try:
                async with self._database.connection() as connection:
                    while self._leads and await discard(connection, self._database, CHUNK) == CHUNK:
                        pass
            except psycopg.Error as error:
                _log.warning("discarding failed", error=f"{type(error).__name__}: {error}")
