"""Events of a fault's own, sent by the load client beside its others."""

import asyncio
from collections.abc import Sequence

from chaos.cluster.cluster import Cluster
from chaos.faults.fault import Scene
from chaos.load import MakeIntent
from chaos.waiting import came_true

#: What was sent is accepted in so many seconds, or nobody knows of some of it.
ACCEPTED_SECONDS = 30.0

_STORED = "SELECT count(*) FROM headrace.events WHERE type = ANY (%s)"


async def send_all(
    scene: Scene, makers: Sequence[MakeIntent], types: Sequence[str], events_per_second: float | None = None
) -> None:
    """Send what each of these makes, events of these types; all at once without a rate. Returns when all are stored."""
    load, usual = scene.load, scene.load.make
    all_stored = await _stored(scene.cluster, types) + len(makers)
    for make in makers:
        load.make = make
        load.begin()
        load.make = usual
        if events_per_second is not None:
            await asyncio.sleep(1 / events_per_second)

    async def are_stored() -> bool:
        return await _stored(scene.cluster, types) >= all_stored

    await came_true(are_stored, ACCEPTED_SECONDS)


async def _stored(cluster: Cluster, types: Sequence[str]) -> int:
    [(count,)] = await cluster.rows(_STORED, list(types))
    return int(count)
