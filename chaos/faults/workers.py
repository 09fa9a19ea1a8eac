"""Faults of worker trees: a supervisor with its worker processes."""

import asyncio

from chaos.cluster.cluster import Cluster
from chaos.cluster.program import Worker
from chaos.faults.fault import Fault, Injected, Scene

#: Seconds between two kills.
EVERY_SECONDS = 0.5


async def kill_workers(scene: Scene) -> Injected:
    """SIGKILL to a whole random worker tree every half second, of those that hold runs, if any does."""
    injected = Injected()
    while scene.goes_on(injected):
        busy = [worker for worker, held in (await held_by_worker(scene.cluster)).items() if held]
        if busy:
            victim = scene.chance.choice(busy)
            pids = {process.pid for process in victim.processes()}
            victim.kill()
            injected.kill(victim.name, counts=await _still_hold(scene.cluster, pids))
        await asyncio.sleep(EVERY_SECONDS)
    return injected


async def held_by_worker(cluster: Cluster) -> dict[Worker, int]:
    """How many runs the processes of each worker tree hold."""
    held = await cluster.held_runs()
    return {worker: sum(held.get(process.pid, 0) for process in worker.processes()) for worker in cluster.workers}


async def _still_hold(cluster: Cluster, pids: set[int]) -> bool:
    """Whether processes that are dead own runs."""
    return bool(pids & (await cluster.held_runs()).keys())


F5 = Fault("F5", "kill -9 of a random worker tree every 0.5 s", "worker", kill_workers, kills=True)
