"""Outputs of slow nodes, stored before anything builds on them: those of many runs together."""

import asyncio
from collections.abc import Sequence

import psycopg
import structlog

from headrace.domain.event import Run
from headrace.domain.progress import Checkpoint
from headrace.store.checkpoints import store_checkpoints
from headrace.store.database import Database
from headrace.store.group import GroupCommit

#: Runs whose outputs go into one statement at most.
BATCH = 200

#: Pause before a batch is written again, while the database is away.
AGAIN_SECONDS = 0.5

#: A run and what it finished.
Outputs = tuple[Run, Sequence[Checkpoint]]

_log = structlog.get_logger(__name__)


class Keeper:
    """Stores checkpoints. It keeps trying while the database is away: what builds on them cannot be stored either."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group: GroupCommit[Outputs, bool] = GroupCommit(self._write, BATCH, bytes_of=_bytes_of)

    async def keep(self, run: Run, checkpoints: Sequence[Checkpoint]) -> bool:
        """Store them. False when the run was taken over meanwhile, and so nothing was stored."""
        return await self._group.submit((run, checkpoints))

    async def _write(self, batch: Sequence[Outputs]) -> list[bool | BaseException]:
        while True:
            try:
                async with self._database.connection() as connection:
                    held = await store_checkpoints(connection, self._database, batch)
            except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
                return await self._write_apart(batch, error)
            except psycopg.Error as error:
                _log.warning("outputs cannot be stored yet", runs=len(batch), error=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return [run.attempt_key in held for run, _ in batch]

    async def _write_apart(self, batch: Sequence[Outputs], error: psycopg.Error) -> list[bool | BaseException]:
        """What Postgres refuses is left out: the run goes on, and is told when it is settled."""
        if len(batch) > 1:
            return [answer for each in batch for answer in await self._write([each])]
        _log.error("an output cannot be stored", event_id=str(batch[0][0].event_id), error=type(error).__name__)
        return [True]


def _bytes_of(outputs: Outputs) -> int:
    return sum(len(checkpoint.output or b"") for checkpoint in outputs[1])
