"""Faults of Postgres, and of the way to it."""

import asyncio
from math import inf

import psycopg

from chaos.cluster.cluster import Cluster
from chaos.faults.fault import Fault, Injected, Scene
from chaos.proxy import Proxy

#: Seconds between two restarts, at least and at most; a short round has a few restarts all the same.
SOONEST_SECONDS, LATEST_SECONDS, RESTARTS = 5.0, 40.0, 3

#: So often is looked for an open transaction before a restart.
LOOKS = 500

#: The figure of restarts that met an open transaction.
AMID = "restarts amid transactions"

#: How a program's way to Postgres is spoilt: each chunk is under way for so long; for so many seconds nothing passes.
SLOW_SECONDS, HUNG_SECONDS = 0.3, 4.0

#: Seconds between two answers that a program does not get.
LOSE_EVERY_SECONDS = 1.0

_IN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND usename <> 'postgres'
"""


async def restart_postgres(scene: Scene) -> Injected:
    """Stopped at once, whatever is under way, and started again. Kills are counted that met an open transaction."""
    injected = Injected()
    postgres = scene.cluster.postgres
    latest = min(LATEST_SECONDS, max(SOONEST_SECONDS, 2 * scene.seconds_left / RESTARTS - SOONEST_SECONDS))
    while not scene.is_over:
        await asyncio.sleep(min(scene.chance.uniform(SOONEST_SECONDS, latest), scene.seconds_left))
        injected.kill("postgres", counts=await _transaction_is_open(scene.cluster))
        injected.details[AMID] = injected.counted
        await asyncio.to_thread(postgres.stop_immediately)
        postgres.start()
    return injected


async def _transaction_is_open(cluster: Cluster) -> bool:
    """As soon as one of our programs has one; False if none has for a while."""
    superuser = await psycopg.AsyncConnection.connect(cluster.postgres.superuser_url, autocommit=True)
    async with superuser:
        for _ in range(LOOKS):
            [(count,)] = await (await superuser.execute(_IN_TRANSACTIONS)).fetchall()
            if count:
                return True
    return False


async def spoil_ways(scene: Scene) -> Injected:
    """Spoil the way of one program after the other for a moment; the others work meanwhile, and take over from it."""
    injected = Injected(details={"spoilt": 0})
    while not scene.is_over:
        proxy = scene.chance.choice(scene.cluster.programs).proxies.postgres
        await scene.chance.choice((_slow, _cut, _hang))(proxy)
        injected.details["spoilt"] += 1
    return injected


async def _slow(proxy: Proxy) -> None:
    proxy.delay_seconds = SLOW_SECONDS
    await asyncio.sleep(HUNG_SECONDS)
    proxy.delay_seconds = 0.0


async def _cut(proxy: Proxy) -> None:
    proxy.cut()
    await asyncio.sleep(LOSE_EVERY_SECONDS)


async def _hang(proxy: Proxy) -> None:
    proxy.hold()
    await asyncio.sleep(HUNG_SECONDS)
    proxy.release()


async def lose_answers(scene: Scene) -> Injected:
    """Once a second, each program does not get the answer to what it asked of Postgres, and loses its connection."""
    proxies = [program.proxies.postgres for program in scene.cluster.programs]
    before = sum(proxy.replies_lost for proxy in proxies)
    for proxy in proxies:
        proxy.lose_reply_to(b"", times=inf, every_seconds=LOSE_EVERY_SECONDS)
    await asyncio.sleep(scene.seconds_left)
    return Injected(details={"answers lost": sum(proxy.replies_lost for proxy in proxies) - before})


F16 = Fault("F16", "Postgres restarted (immediate) every 5-40 s", "postgres", restart_postgres, effect=AMID)
F50 = Fault(
    "F50",
    "an answer of Postgres lost each second, for every program",
    "postgres",
    lose_answers,
    effect="answers lost",
)
F52 = Fault(
    "F52",
    "the way to Postgres slow, cut or hung, for one program after the other",
    "postgres",
    spoil_ways,
    effect="spoilt",
)
