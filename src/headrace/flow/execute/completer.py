"""Settling: what finished is written at once while no write is under way, else with the next one."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import compress
from uuid import UUID

import psycopg
import structlog
from psycopg import errors

from headrace.domain.clock import Clock
from headrace.domain.outcome import ErrorReport
from headrace.domain.settle import Delayed, Finished, Parked, Settled
from headrace.domain.states import EventState, Reason
from headrace.store.batches import Batches, answers_of
from headrace.store.database import AWAY, Database
from headrace.store.matcher import Matcher, tell_of
from headrace.store.settle import settle

#: Runs settled in one transaction at most.
BATCH = 500

#: Pause before a batch is written again, while the database is away.
AGAIN_SECONDS = 0.5

#: At the end, what the last results wake is looked for within this long, or left to the relay.
LOOK_SECONDS = 1.0

#: The code of the error of a run whose result Postgres refuses.
NOT_STORABLE = "result-not-storable"

#: Of `AWAY`, what another try cannot mend: the statement is too much for the server.
_REFUSED = (errors.ProgramLimitExceeded, errors.InternalError_)

#: Hears of a run whether it was still held, and so is stored as it was settled; or of the error that kept it from that.
Heard = Callable[[Settled, bool | BaseException], None]

_log = structlog.get_logger(__name__)


class Completer:
    """Writes settled runs in batches.

    It keeps trying while the database is away: the fence decides then whether the results still count. After the commit
    `tell` hears of the events that runs emitted, and of runs that may go on because of them.
    """

    def __init__(
        self, database: Database, clock: Clock, release: str, tell: Callable[[str, Sequence[UUID]], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._release = release
        self._tell = tell
        self._matcher = Matcher(database, tell)
        self._batches: Batches[tuple[Settled, Heard]] = Batches(
            self._write_batch, BATCH, bytes_of=lambda added: _bytes_of(added[0])
        )

    def add(self, settled: Settled, heard: Heard) -> None:
        """Have it stored. Whoever adds it need not wait: `heard` is called once it is written."""
        self._batches.add((settled, heard))

    async def drained(self, seconds: float) -> None:
        """Wait until all is written that was handed over, at most so long."""
        await self._batches.drained(seconds)
        await self._matcher.drained(LOOK_SECONDS)

    async def _write_batch(self, batch: Sequence[tuple[Settled, Heard]]) -> None:
        answers = await answers_of(self._write([settled for settled, _ in batch]), len(batch))
        for (settled, heard), answer in zip(batch, answers, strict=True):
            heard(settled, answer)

    async def _write(self, batch: Sequence[Settled]) -> list[bool | BaseException]:
        while True:
            try:
                return await self._write_once(batch)
            except psycopg.Error as error:
                if isinstance(error, _REFUSED) or not isinstance(error, AWAY):
                    return await self._write_apart(batch, error)
                _log.warning("results cannot be stored yet", runs=len(batch), error=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _write_once(self, batch: Sequence[Settled]) -> list[bool | BaseException]:
        async with self._database.connection() as connection, connection.transaction():
            kept = await settle(connection, self._database, batch, self._clock(), self._release)
        answers: list[bool | BaseException] = [settled.run.attempt_key in kept for settled in batch]
        self._look_around(list(compress(batch, answers)))
        return answers

    def _look_around(self, kept: Sequence[Settled]) -> None:
        """Now that it is committed: tell of new events, and bring them and new waits together with the others."""
        emitted = [event for settled in kept if isinstance(settled, Finished) for event in settled.emitted]
        tell_of(((event.id, event.queue) for event in emitted), self._tell)
        self._matcher.events_came(event.id for event in emitted if event.match_key is not None)
        self._matcher.runs_wait(settled.run.event_id for settled in kept if _awaits(settled))

    async def _write_apart(self, batch: Sequence[Settled], error: psycopg.Error) -> list[bool | BaseException]:
        """Find what Postgres refuses by halves; the run that it belongs to fails, its neighbours do not."""
        if len(batch) > 1:
            half = len(batch) // 2
            return [*await self._write(batch[:half]), *await self._write(batch[half:])]
        run, report = batch[0].run, ErrorReport(type(error).__name__, "The result cannot be stored.", NOT_STORABLE)
        _log.error("a result cannot be stored", event_id=str(run.event_id), error=type(error).__name__)
        failed = Finished(run, EventState.FAILED, None, report, reason=Reason.NODE_FAILED)
        return [error] if batch[0] == failed else await self._write([failed])


def _awaits(settled: Settled) -> bool:
    """Whether the run waits for an event."""
    return isinstance(settled, Delayed) and any(pause.awaited is not None for pause in settled.progress.pauses)


def _bytes_of(settled: Settled) -> int:
    """About what its statements carry."""
    if isinstance(settled, Parked):
        return 0
    progress = settled.progress
    size = len(progress.logged or b"")
    if progress.checkpoints:
        size += sum(len(checkpoint.output or b"") for checkpoint in progress.checkpoints)
    if isinstance(settled, Finished):
        size += len(settled.task_context or b"") + sum(len(event.body) for event in settled.emitted)
    return size
