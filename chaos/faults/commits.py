"""Faults of API processes at the moment of a commit, as a proxy between them and Postgres sees it."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from chaos.cluster.program import Api
from chaos.faults.fault import Fault, Injected, Scene
from chaos.proxy import Proxy

#: Seconds between two kills at least.
EVERY_SECONDS = 1.0

#: The type of an order, as it stands among the arguments of the statement that stores events. That statement is a
#: transaction by itself: its reply is the commit's.
ORDER = b"\0\0\0\x05order"

#: How closely the APIs are watched while none has answered since its start.
LOOK_SECONDS = 0.05

#: An API that commits nothing for so long is left for another.
PATIENCE_SECONDS = 0.3

Catch = Callable[[Proxy, bytes, Callable[[int], None]], None]


async def kill_at_commits(scene: Scene, catch: Catch) -> Injected:
    """SIGKILL to the API process whose commit is caught, of one API after the other, at most once a second."""
    injected = Injected()
    loop = asyncio.get_running_loop()
    while scene.goes_on(injected):
        answering = [api for api in scene.cluster.apis if api.is_running and api.answered_start == api.starts]
        if not answering:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        victim, killed = scene.chance.choice(answering), asyncio.Event()

        def kill(pid: int, victim: Api = victim, killed: asyncio.Event = killed) -> None:
            """In the proxy's thread, while the process waits for the answer to a commit, and a client for its own."""
            injected.kill(victim.name, counts=victim.posts_in_flight > 0)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            loop.call_soon_threadsafe(killed.set)

        catch(victim.proxies.postgres, ORDER, kill)
        with suppress(TimeoutError):
            await asyncio.wait_for(killed.wait(), PATIENCE_SECONDS)
        victim.proxies.postgres.be_honest()
        if killed.is_set():
            await asyncio.sleep(EVERY_SECONDS)
    return injected


async def kill_after_commits(scene: Scene) -> Injected:
    """The events are stored, and neither their clients nor the workers are told."""
    return await kill_at_commits(scene, Proxy.hold_reply_to)


async def kill_before_commits(scene: Scene) -> Injected:
    """What would have stored the events never arrives."""
    return await kill_at_commits(scene, Proxy.stop_request)


F1 = Fault("F1", "API killed between commit and publish", "api", kill_after_commits, kills=True)
F2 = Fault("F2", "API killed before commit", "api", kill_before_commits, kills=True)
