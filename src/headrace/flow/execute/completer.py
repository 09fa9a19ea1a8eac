"""Settling: what finished is written at once while no write is under way, else with the next one."""

import asyncio
from collections.abc import Sequence

import psycopg
import structlog

from headrace.domain.clock import Clock
from headrace.domain.settle import Settled
from headrace.store.database import Database
from headrace.store.group import GroupCommit
from headrace.store.settle import settle

#: Runs settled in one transaction at most.
BATCH = 500

#: Pause before a batch is written again, while the database is away.
AGAIN_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class Completer:
    """Writes settled runs in batches and tells of each whether it was still held.

    It keeps trying while the database is away: the fence decides then whether the results still count.
    """

    def __init__(self, database: Database, clock: Clock, release: str) -> None:
        self._database = database
        self._clock = clock
        self._release = release
        self._group: GroupCommit[Settled, bool] = GroupCommit(self._write, BATCH)

    async def complete(self, settled: Settled) -> bool:
        """Store it. False when the run was taken over meanwhile, and so nothing was stored."""
        return await self._group.submit(settled)

    async def drained(self) -> None:
        await self._group.drained()

    async def _write(self, batch: Sequence[Settled]) -> list[bool | BaseException]:
        while True:
            try:
                return await self._write_once(batch)
            except (psycopg.OperationalError, psycopg.InternalError, psycopg.InterfaceError) as error:
                _log.warning("results cannot be stored yet", runs=len(batch), error=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
            except psycopg.Error as error:
                if len(batch) == 1:
                    _log.error("a result cannot be stored", event_id=str(batch[0].run.event_id), error=str(error))
                    return [error]
                return [answer for settled in batch for answer in await self._write([settled])]

    async def _write_once(self, batch: Sequence[Settled]) -> list[bool | BaseException]:
        async with self._database.connection() as connection, connection.transaction():
            kept = await settle(connection, self._database, batch, self._clock(), self._release)
        return [settled.run.event_id in kept for settled in batch]
