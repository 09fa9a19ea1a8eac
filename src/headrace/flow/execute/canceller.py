"""Ending runs of this process that an operator cancels while they are under way."""

import asyncio
from collections.abc import Callable, Collection

import psycopg
import structlog

from headrace.domain.event import AttemptKey, Run
from headrace.store.cancelling import find_cancelled
from headrace.store.database import Database

#: Seconds between two looks, so that a node that ignores its cancellation for a second is still left within two.
LOOK_SECONDS = 0.3

#: Seconds that a look waits for a connection.
CONNECT_SECONDS = 1.0

#: Ends an attempt; called again, it does no more.
Cancel = Callable[[], None]

_log = structlog.get_logger(__name__)


class Canceller:
    """Looks while attempts are under way: one query for all of them. A process that has none asks nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._under_way: dict[Run, Cancel] = {}
        self._looking: asyncio.Task[None] | None = None

    def begin(self, run: Run, cancel: Cancel) -> None:
        """From now on, end this attempt by `cancel` if its run is to be cancelled."""
        self._under_way[run] = cancel
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())

    def end(self, run: Run) -> None:
        """The attempt is over."""
        self._under_way.pop(run, None)

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look_on(self) -> None:
        """Until there is nothing to look for. Short runs never see a look: this goes on from one to the next."""
        try:
            await asyncio.sleep(LOOK_SECONDS)
            while self._under_way:
                await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._looking = None

    async def _look(self) -> None:
        try:
            async with self._database.connection(timeout_seconds=CONNECT_SECONDS) as connection:
                for owner in {run.owner for run in self._under_way}:
                    self._cancel(await find_cancelled(connection, self._database, owner))
        except psycopg.Error as error:
            _log.info("cannot see what is to be cancelled", error=type(error).__name__)

    def _cancel(self, attempts: Collection[AttemptKey]) -> None:
        for run, cancel in list(self._under_way.items()):
            if run.attempt_key in attempts:
                cancel()
