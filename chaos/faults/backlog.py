"""A backlog: all workers are down for long, and then start."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence

from chaos.cluster.program import Worker
from chaos.faults.fault import Fault, Injected, Scene
from chaos.findings import Finding
from chaos.waiting import came_true

#: So many events are queued, sent at this rate, or as many as the time that there is and the fault's patience allow.
QUEUED, EVENTS_PER_SECOND = 20_000, 400.0

#: The workers must be done with them in so many seconds.
DRAIN_SECONDS = 180.0

#: Of the time that the draining takes, windows of so many seconds are compared: none may finish less than this share
#: of what the median finishes, until so much of the backlog is left that slow events are the most of it.
WINDOW_SECONDS, LEAST_SHARE, REST = 3.0, 0.1, 0.1

#: A worker that is told to end has so long.
STOP_SECONDS = 15.0

_LEFT = "SELECT count(*) FROM headrace.runs"


async def drain_backlog(scene: Scene) -> Injected:
    """Queue events faster than ever while no worker runs; then start the workers, and watch until all is done."""
    workers = scene.cluster.workers
    await _stop(workers)
    usual, scene.load.events_per_second = scene.load.events_per_second, EVENTS_PER_SECOND
    await came_true(lambda: _are_queued(scene), scene.seconds_left + scene.patience_seconds)
    scene.load.events_per_second = usual
    queued = await _left(scene)
    for worker in workers:
        worker.start()
    return judge_draining(queued, await _watch(scene, few := usual * WINDOW_SECONDS), few)


async def _stop(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.stop()
    for worker in workers:
        await asyncio.to_thread(worker.wait, STOP_SECONDS)


async def _are_queued(scene: Scene) -> bool:
    return await _left(scene) >= QUEUED


async def _left(scene: Scene) -> int:
    [(left,)] = await scene.cluster.rows(_LEFT)
    return int(left)


async def _watch(scene: Scene, few: float) -> list[int]:
    """What is left after each window, until no more than a few are; it ends early only in vain."""
    left = [await _left(scene)]
    began = time.monotonic()
    while left[-1] > few and time.monotonic() < began + DRAIN_SECONDS:
        await asyncio.sleep(WINDOW_SECONDS)
        left.append(await _left(scene))
    return left


def judge_draining(queued: int, left: Sequence[int], few: float) -> Injected:
    """What the draining looked like, from the first window in which anything was finished."""
    injected = Injected(details={"queued": queued, "seconds to drain": WINDOW_SECONDS * (len(left) - 1)})
    rates = [(before - after) / WINDOW_SECONDS for before, after in itertools.pairwise(left)]
    while rates and rates[0] <= 0:
        rates.pop(0)
    steady = rates[: sum(after > REST * queued for after in left[-len(rates) :])]
    if steady:
        median = statistics.median(steady)
        injected.details |= {"median events/s": median, "least events/s": min(steady), "most events/s": max(steady)}
        if min(steady) < LEAST_SHARE * median:
            injected.findings.append(Finding("F32", f"the backlog did not drain steadily: {left} were left"))
    if left[-1] > few:
        injected.findings.append(Finding("F32", f"of {queued} queued, {left[-1]} were left after {DRAIN_SECONDS:g} s"))
    return injected


F32 = Fault("F32", "20,000 queued while all workers are down, then these start", "load", drain_backlog, effect="queued")
