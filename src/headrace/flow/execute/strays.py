"""Runs that are this process's in the database and not in its hands: the answer to their claim was lost on its way."""

import time
from collections.abc import Collection
from uuid import UUID

import structlog

from headrace.domain.event import Run
from headrace.store.database import Database
from headrace.store.runs import give_strays_back

#: Strays are looked for so long after they were suspected: a claim may be committed long after its connection broke.
LOOKS_AFTER_SECONDS = (0.0, 10.0, 60.0, 600.0)

_log = structlog.get_logger(__name__)


class Strays:
    """Gives them back. Nobody else would: their owner lives, and renews its lease."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looks: list[float] = []

    def suspect(self) -> None:
        """There may be some, now or soon."""
        self._looks = [time.monotonic() + seconds for seconds in LOOKS_AFTER_SECONDS]

    async def give_back(self, owner: UUID, held: Collection[Run]) -> None:
        """Free what is this owner's and not `held`, if any is suspected. Raises psycopg.Error."""
        if not self._looks or time.monotonic() < self._looks[0]:
            return
        async with self._database.connection() as connection:
            strays = await give_strays_back(connection, self._database, owner, tuple(held))
        del self._looks[0]
        if strays:
            _log.warning("runs given back whose claim was not answered", runs=len(strays))
