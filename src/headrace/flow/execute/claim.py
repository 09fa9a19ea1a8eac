"""Which due runs this process takes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import psycopg
import structlog

from headrace.domain.event import Run
from headrace.domain.progress import Kept
from headrace.domain.values import value
from headrace.store.checkpoints import load_kept
from headrace.store.database import Connection, Database
from headrace.store.runs import claim_due, claim_lost, claim_named
from headrace.store.waits import match_runs


class Lane(Enum):
    """Which runs a process takes, by the workers that they lost."""

    #: Runs that never lost a worker, or one of which nobody saw the end: what every ordinary process takes.
    SOUND = "sound"

    #: Runs that may have ended a worker, a few together in a process apart.
    LOST = "lost"

    #: Runs that lost more (see `goes_alone` in the schema), each alone in a process, so that whoever ends it is known.
    ALONE = "alone"

    #: All of them: a stock Celery worker, which promises no isolation.
    ALL = "all"


#: The most runs that a process of the lane holds at once, if that is less than any process holds.
TOGETHER = {Lane.LOST: 16, Lane.ALONE: 1}

#: Whether a lane takes, of the runs that lost workers, those that go alone, or others; None: both.
GOES_ALONE = {Lane.LOST: False, Lane.ALONE: True, Lane.ALL: None}


#: What the first attempt at a run finds.
NOTHING = Kept()

_log = structlog.get_logger(__name__)


@value()
class Claimed:
    """A run in this process's hands. `kept` is None if what earlier attempts left cannot be read now."""

    run: Run
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class Claimer:
    """The claims of one process: its queues in order of preference, and the types that it has pipelines for."""

    database: Database
    queues: Sequence[str]
    types: Sequence[str]
    lane: Lane

    async def claim(self, owner: UUID, most: int, named: Sequence[UUID]) -> list[Claimed]:
        """Up to `most` runs, now this owner's; `named` ids come first while nothing older is due."""
        async with self.database.connection() as connection:
            for queue in self.queues:
                runs = await self._claim_in(connection, queue, owner, most, named)
                if runs:
                    kept = await self._load(connection, [run for run in runs if not run.is_first])
                    return [Claimed(run, NOTHING if run.is_first else kept.get(run.event_id)) for run in runs]
        return []

    async def _load(self, connection: Connection, runs: Sequence[Run]) -> Mapping[UUID, Kept]:
        """What earlier attempts left. An error must not reach the caller: the runs are this owner's already."""
        if not runs:
            return {}
        try:
            # An event may have come that nobody brought to them yet: a wait whose time is over must not miss it.
            await match_runs(connection, self.database, [run.event_id for run in runs])
            return await load_kept(connection, self.database, runs)
        except psycopg.Error as error:
            _log.warning("cannot read what earlier attempts left", runs=len(runs), error=type(error).__name__)
            return {}

    async def _claim_in(
        self, connection: Connection, queue: str, owner: UUID, most: int, named: Sequence[UUID]
    ) -> list[Run]:
        runs: list[Run] = []
        if self.lane in (Lane.SOUND, Lane.ALL):
            if named:
                runs = await claim_named(connection, self.database, owner, queue, self.types, named[:most])
            if not runs:
                runs = await claim_due(connection, self.database, owner, queue, self.types, most)
        if not runs and self.lane in GOES_ALONE:
            alone = GOES_ALONE[self.lane]
            runs = await claim_lost(connection, self.database, owner, queue, self.types, most, alone=alone)
        return runs
