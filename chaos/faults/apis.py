"""Faults of API processes."""

import asyncio

from chaos.faults.fault import Fault, Injected, Scene

#: Seconds between two kills.
EVERY_SECONDS = 1.0

#: How closely the APIs are watched.
LOOK_SECONDS = 0.001


async def kill_apis(scene: Scene) -> Injected:
    """SIGKILL to a random API process every second, at a moment when the load client has a POST under way there."""
    injected = Injected()
    while scene.goes_on(injected):
        busy = [api for api in scene.cluster.apis if api.holds_work]
        if not busy:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        victim = scene.chance.choice(busy)
        await asyncio.sleep(scene.chance.uniform(0, 2 * LOOK_SECONDS))
        injected.kill(victim.name, counts=victim.holds_work)
        victim.kill()
        await asyncio.sleep(EVERY_SECONDS)
    return injected


F4 = Fault("F4", "kill -9 of a random API process every second", "api", kill_apis, kills=True)
