"""Which due runs this process takes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from headrace.domain.event import Run
from headrace.store.database import Connection, Database
from headrace.store.runs import ANY_LOSSES, claim_due, claim_lost, claim_named

#: Runs that lost one worker are claimed together, so many a process at most.
LOST_ONCE_TOGETHER = 16


class Lane(Enum):
    """Which runs a process takes, by the workers that they lost."""

    #: Runs that never lost a worker: what every ordinary process takes.
    SOUND = "sound"

    #: Runs that lost workers, in a process apart: those lost once among themselves, the others each alone.
    LOST = "lost"

    #: All of them: a stock Celery worker, which promises no isolation.
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Claimer:
    """The claims of one process: its queues in order of preference, and the types that it has pipelines for."""

    database: Database
    queues: Sequence[str]
    types: Sequence[str]
    lane: Lane

    async def claim(self, owner: UUID, most: int, named: Sequence[UUID], in_flight: int) -> list[Run]:
        """Up to `most` runs, now this owner's; `named` ids come first while nothing older is due."""
        async with self.database.connection() as connection:
            for queue in self.queues:
                runs = await self._claim_in(connection, queue, owner, most, named, in_flight)
                if runs:
                    return runs
        return []

    async def _claim_in(
        self, connection: Connection, queue: str, owner: UUID, most: int, named: Sequence[UUID], in_flight: int
    ) -> list[Run]:
        if self.lane is Lane.LOST:
            return await self._claim_lost(connection, queue, owner, in_flight)
        runs: list[Run] = []
        if named:
            runs = await claim_named(connection, self.database, owner, queue, self.types, named[:most])
        if not runs:
            runs = await claim_due(connection, self.database, owner, queue, self.types, most)
        if not runs and self.lane is Lane.ALL:
            runs = await claim_lost(connection, self.database, owner, queue, self.types, most, (1, ANY_LOSSES))
        return runs

    async def _claim_lost(self, connection: Connection, queue: str, owner: UUID, in_flight: int) -> list[Run]:
        """Only into an empty process, so that whoever ends it is known, or is one of a few."""
        if in_flight:
            return []
        together = await claim_lost(connection, self.database, owner, queue, self.types, LOST_ONCE_TOGETHER, (1, 1))
        if together:
            return together
        return await claim_lost(connection, self.database, owner, queue, self.types, 1, (2, ANY_LOSSES))
