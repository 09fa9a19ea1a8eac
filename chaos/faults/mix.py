"""Faults that come together, as they do on a bad day."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx2
import psycopg
import redis

from chaos.faults.apis import F4
from chaos.faults.children import F6
from chaos.faults.commits import F1, F2
from chaos.faults.everything import F8
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.frozen import F7
from chaos.faults.messages import F15
from chaos.faults.postgres import F16, F50
from chaos.faults.redis import F9, F10, F11, F12
from chaos.faults.search import F19, F20, F21, F53
from chaos.faults.stopping import F28
from chaos.faults.workers import F5

#: All that need no programs of their own, and stop nobody for the whole round.
MIXED: Sequence[Fault] = (F1, F2, F4, F5, F6, F7, F8, F9, F10, F11, F12, F15, F16, F28, F50)

#: Those that can be among them where there is a search copy.
MIXED_SEARCH: Sequence[Fault] = (F19, F20, F21, F53)

#: So many of them at a time, for so many seconds.
TOGETHER, SHORTEST_SECONDS, LONGEST_SECONDS = 2, 3.0, 7.0

#: The figure of those that ended early, because the other one kept them from looking at the cluster.
CUT_SHORT = "cut short"

#: A short round has so many pairs all the same.
LEAST_PAIRS = 2


async def mix_faults(scene: Scene) -> Injected:
    """Two faults at a time, drawn by lot; what they broke is mended before the next two.

    The invariants alone judge: what a fault promises of itself, another one may break.
    """
    mixed = Injected(details={"pairs": 0, CUT_SHORT: 0})
    there_are = MIXED if scene.cluster.search is None else (*MIXED, *MIXED_SEARCH)
    while mixed.details["pairs"] < LEAST_PAIRS or not scene.is_over:
        faults = scene.chance.sample(there_are, TOGETHER)
        seconds = scene.chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
        for injected in await asyncio.gather(*(_inject(fault, scene, seconds) for fault in faults)):
            mixed.kills += injected.kills
            mixed.details[CUT_SHORT] += injected.details.get(CUT_SHORT, 0)
        mixed.details["pairs"] += 1
        for fault in faults:
            mixed.details[fault.name] = mixed.details.get(fault.name, 0) + 1
        await scene.cluster.heal()
    return mixed


async def _inject(fault: Fault, scene: Scene, seconds: float) -> Injected:
    """One of a pair; it ends early if the other one keeps it from looking at the cluster."""
    own = replace(scene, chance=random.Random(scene.chance.random()), until=time.monotonic() + seconds, least_kills=0)
    try:
        return await fault.inject(own)
    except (psycopg.Error, redis.RedisError, httpx2.HTTPError, OSError):
        return Injected(details={CUT_SHORT: 1})


F36 = Fault(
    "F36", "two at a time, by lot, of those that can come together", "mix", mix_faults, effect="pairs", searches=True
)
