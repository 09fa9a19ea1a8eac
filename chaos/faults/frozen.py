"""Worker trees that stand still for longer than their leases, and go on as if nothing had been."""

import asyncio
import signal

from chaos.cluster.environment import QUICK
from chaos.cluster.program import Worker
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.workers import held_by_worker
from chaos.findings import Finding

#: How long a tree stands still: three leases.
STILL_SECONDS = 3 * float(str(QUICK["lease_seconds"]))

#: Between two freezes, and after the last one: the thawed tree writes what is too late, and begins again.
THAW_SECONDS = 3.0

#: What a worker logs of a result that came too late.
DISCARDED = b"result discarded"

_HELD = """
SELECT r.event_id::text, r.run_number, r.attempt FROM headrace.runs r JOIN headrace.workers w ON w.id = r.owner
WHERE w.pid = ANY (%s)
"""

_LOST = "SELECT event_id::text, run_number, attempt FROM headrace.attempts WHERE outcome = 'lost'"


async def freeze_workers(scene: Scene) -> Injected:
    """SIGSTOP to a busy worker tree for three leases, then SIGCONT, as often as there is time."""
    injected = Injected(details={"attempts held": 0, "taken over": 0, "results discarded": 0})
    while True:
        await _freeze(scene, await _busiest(scene), injected)
        if scene.seconds_left < STILL_SECONDS + THAW_SECONDS:
            break
    if not injected.details["taken over"]:
        injected.findings.append(Finding("F7", "nobody took over from a worker that stood still for three leases"))
    await asyncio.sleep(scene.seconds_left)
    return injected


async def _freeze(scene: Scene, victim: Worker, injected: Injected) -> None:
    pids = [process.pid for process in victim.processes()]
    discarded = _discarded(victim)
    victim.signal_all(signal.SIGSTOP)
    held = set(await scene.cluster.rows(_HELD, pids))
    await asyncio.sleep(STILL_SECONDS)
    victim.signal_all(signal.SIGCONT)
    await asyncio.sleep(THAW_SECONDS)
    injected.details["attempts held"] += len(held)
    injected.details["taken over"] += len(held.intersection(await scene.cluster.rows(_LOST)))
    injected.details["results discarded"] += _discarded(victim) - discarded


async def _busiest(scene: Scene) -> Worker:
    held = await held_by_worker(scene.cluster)
    return max(held, key=lambda worker: held[worker])


def _discarded(worker: Worker) -> int:
    """How many results that came too late it has thrown away, ever."""
    return worker.log.read_bytes().count(DISCARDED)


F7 = Fault(
    "F7", "SIGSTOP of a worker tree for 3 leases, then SIGCONT", "worker", freeze_workers, effect="attempts held"
)
