"""A cluster that was warmed up, and what its processes held at rest then."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chaos.cluster.cluster import Cluster
from chaos.invariants.resources import grown
from chaos.journal import Journal
from chaos.load import Load
from chaos.measures import Measures, measure
from chaos.waiting import came_true, until

#: Events that are sent at once in the middle of the warm-up.
BURST = 800

#: How long the warm-up lasts, and in how many seconds what it began is finished.
WARM_UP_SECONDS, REST_SECONDS = 6.0, 60.0

#: Processes that were busy a moment ago have so long to let go of what they held.
LET_GO_SECONDS = 15.0

_UNFINISHED = "SELECT count(*) FROM headrace.runs"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where rounds take place."""

    cluster: Cluster
    baseline: Measures

    async def is_quiet(self) -> bool:
        """Whether no work is left."""
        return await _is_quiet(self.cluster)

    async def measures(self) -> Measures:
        """What the processes hold at rest; as soon as it is back at the baseline, if it comes back."""
        last = self.baseline

        async def are_back() -> bool:
            nonlocal last
            last = await measure(self.cluster)
            return not grown(self.baseline, last)

        await came_true(are_back, LET_GO_SECONDS)
        return last


@asynccontextmanager
async def running_installation(
    folder: Path, events_per_second: float, app: str = "chaos.app", elasticsearch: Path | None = None
) -> AsyncIterator[Installation]:
    """Start a cluster in `folder` and warm it up; it is gone at the end of the context. Raises CampaignFailed."""
    cluster = await asyncio.to_thread(Cluster, folder, app, elasticsearch)
    try:
        await cluster.start()
        await _warm_up(cluster, events_per_second)
        yield Installation(cluster, await measure(cluster))
    finally:
        await cluster.stop()


async def _warm_up(cluster: Cluster, events_per_second: float) -> None:
    """A load with a burst in it, after which every pool of connections or threads has the size that it grows to."""
    over = asyncio.Event()
    with Journal(cluster.folder / "warm-up.jsonl") as journal:
        async with Load(cluster.apis, journal, random.Random(0), events_per_second, "warm-up-") as load:
            running = asyncio.create_task(load.run(over))
            await asyncio.sleep(WARM_UP_SECONDS / 2)
            for _ in range(BURST):
                load.begin()
            await asyncio.sleep(WARM_UP_SECONDS / 2)
            over.set()
            await running
    await until(lambda: _is_quiet(cluster), "what the warm-up began is finished", REST_SECONDS)


async def _is_quiet(cluster: Cluster) -> bool:
    try:
        [(unfinished,)] = await cluster.rows(_UNFINISHED)
    except psycopg.OperationalError:
        return False
    return bool(unfinished == 0)
