"""Faults of Redis."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

import redis.asyncio

from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.findings import Finding

#: How long Redis is away, at most; a short round leaves a third of itself to what follows.
AWAY_SECONDS, AWAY_SHARE = 30.0, 0.67

#: Seconds between two emptyings.
FLUSH_SECONDS = 2.0

#: Less memory than an empty Redis takes.
TOO_LITTLE_MEMORY = "1mb"


async def lose_redis(scene: Scene) -> Injected:
    """Redis dies with all that it held, and comes back empty."""
    return await _away(scene, scene.cluster.valkey.kill, scene.cluster.valkey.start)


async def hang_redis(scene: Scene) -> Injected:
    """Redis takes connections and answers nobody."""
    valkey = scene.cluster.valkey
    return await _away(scene, lambda: valkey.signal(signal.SIGSTOP), lambda: valkey.signal(signal.SIGCONT))


async def _away(scene: Scene, go: Callable[[], None], come: Callable[[], None]) -> Injected:
    seconds = min(AWAY_SECONDS, AWAY_SHARE * scene.seconds_left)
    go()
    await asyncio.sleep(seconds)
    come()
    await asyncio.sleep(scene.seconds_left)
    return Injected(details={"seconds away": round(seconds, 1)})


async def flush_redis(scene: Scene) -> Injected:
    """Everything that Redis holds is deleted, again and again."""

    async def flush(client: redis.asyncio.Redis) -> Injected:
        flushed = 0
        while not scene.is_over:
            await client.flushall()
            flushed += 1
            await asyncio.sleep(min(FLUSH_SECONDS, scene.seconds_left))
        return Injected(details={"times flushed": flushed})

    return await _with_client(scene, flush)


async def fill_redis(scene: Scene) -> Injected:
    """Redis has no memory for another message, and says so to whoever sends one."""

    async def fill(client: redis.asyncio.Redis) -> Injected:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", TOO_LITTLE_MEMORY)
        try:
            await asyncio.sleep(scene.seconds_left)
        finally:
            await client.config_set("maxmemory", "0")
        return Injected(details={"writes refused": await _refusals(client)})

    return await _with_client(scene, fill)


async def _refusals(client: redis.asyncio.Redis) -> float:
    errors = await client.info("errorstats")
    return float(errors.get("errorstat_OOM", {}).get("count", 0))


def check_accepting(evidence: Evidence, _injected: Injected) -> Sequence[Finding]:
    """Events that were not accepted at once, although only Redis is away."""
    refused = evidence.history.unavailable()
    return [Finding("promise 4", "not accepted while Redis was away", refused)] if refused else []


async def _with_client(scene: Scene, act: Callable[[redis.asyncio.Redis], Awaitable[Injected]]) -> Injected:
    """Past every proxy."""
    async with redis.asyncio.Redis.from_url(scene.cluster.valkey.url) as client:
        return await act(client)


F9 = Fault(
    "F9",
    "Redis gone without saving, 30 s down, back empty",
    "redis",
    lose_redis,
    effect="seconds away",
    check=check_accepting,
)
F10 = Fault("F10", "Redis hung for 30 s", "redis", hang_redis, effect="seconds away", check=check_accepting)
F11 = Fault("F11", "FLUSHALL every 2 s", "redis", flush_redis, effect="times flushed", check=check_accepting)
F12 = Fault("F12", "Redis out of memory", "redis", fill_redis, effect="writes refused", check=check_accepting)
