"""Worker trees that are told to end, as every deployment does."""

import asyncio
import time
from collections.abc import Sequence

from chaos.cluster.environment import QUICK
from chaos.cluster.program import Worker
from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.findings import Finding
from chaos.waiting import came_true

#: Seconds between two times that all are told.
EVERY_SECONDS = 10.0

#: In so many seconds a tree must have ended.
GRACE_SECONDS = float(str(QUICK["grace_seconds"]))


async def stop_workers(scene: Scene) -> Injected:
    """SIGTERM to all worker trees every ten seconds; what starts them starts them again."""
    injected = Injected(details={"stops": 0, "longest seconds to the end": 0})
    while not scene.is_over:
        began = time.monotonic()
        victims = [worker for worker in scene.cluster.workers if worker.is_running]
        ended = await asyncio.gather(*(_stop(worker) for worker in victims))
        injected.details["stops"] += len(ended)
        _judge(victims, ended, injected)
        next_seconds = EVERY_SECONDS - (time.monotonic() - began)
        await asyncio.sleep(min(max(0.0, next_seconds), scene.seconds_left))
    return injected


async def _stop(worker: Worker) -> float | None:
    """How long it took to end after it was told; None if it did not in time."""
    start = worker.starts

    async def has_ended() -> bool:
        return worker.starts != start or not worker.is_running

    worker.terminate()
    return await came_true(has_ended, GRACE_SECONDS)


def _judge(victims: Sequence[Worker], ended: Sequence[float | None], injected: Injected) -> None:
    late = [worker.name for worker, seconds in zip(victims, ended, strict=True) if seconds is None]
    if late:
        injected.findings.append(Finding("F28", "not ended within the grace", late))
    longest = max((GRACE_SECONDS if seconds is None else seconds for seconds in ended), default=0.0)
    injected.details["longest seconds to the end"] = max(longest, injected.details["longest seconds to the end"])


def check_nothing_lost(evidence: Evidence, _injected: Injected) -> Sequence[Finding]:
    """Attempts whose lease ran out, although their processes ended in order."""
    if not evidence.lost_attempts:
        return ()
    return [Finding("F28", "lost by a worker that ended in order", sorted(lost[0] for lost in evidence.lost_attempts))]


F28 = Fault(
    "F28", "SIGTERM to all workers every 10 s", "worker", stop_workers, effect="stops", check=check_nothing_lost
)
