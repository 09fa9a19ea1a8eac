"""Process: a backlog is stored first, then two worker processes drain it; two async steps that do nothing."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from bench.load.bodies import Body, make_bodies
from bench.rows.checks import check_results
from bench.services import Services
from bench.systems.catalogue import PROCESSING
from bench.systems.floor.parts import Part
from bench.systems.floor.system import Floor
from bench.systems.system import Processes
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial, Void

ROW = "process"

PROCESS = "process, two steps"

#: A backlog holds so many events at most for each second that it is to last: large bodies are slower, and fill memory.
MOST_A_SECOND = {Body.SMALL: 20_000, Body.WEBHOOK: 9_000}

#: It counts from when this part of the backlog is finished, so that no system's start is measured, until all is.
START_PART = 0.1

#: A drain gets so many times the seconds that it was meant to last, and so many more to begin.
PATIENCE, START_SECONDS = 15, 60.0

#: Seconds between two looks.
LOOK_SECONDS = 0.1


async def process(
    system_class: Callable[[Services], Processes], body: Body, services: Services, scale: Scale
) -> Sequence[Figure]:
    """One system and one kind of bodies."""
    async with system_class(services) as system:
        bodies = make_bodies(body, backlog_of(system.events_a_second, body, scale))
        ids = await system.fill(bodies)
        await system.start_workers(WORKER_PROCESSES)
        rate = await drained(system, len(bodies), START_SECONDS + PATIENCE * scale.seconds)
        await check_results(system, ids, bodies, scale.read_back)
        return [Figure(PROCESS, body, system.name, "events/s", rate)]


def backlog_of(events_a_second: int, body: Body, scale: Scale) -> int:
    """How many events last about as long as the scale says."""
    return round(min(events_a_second, MOST_A_SECOND[body]) * scale.seconds)


async def drained(system: Processes, events: int, seconds: float, before: int = 0) -> float:
    """Finished events a second, beyond those finished `before`, once `START_PART` of them are, until all are. Raises
    TimeoutError, and Void if it is too quick.
    """
    began: tuple[float, int] | None = None
    async with asyncio.timeout(seconds):
        while True:
            finished, now = await system.finished() - before, time.monotonic()
            if began is None and finished >= events:
                raise Void(f"All {events} events were finished before the first look that counts.")
            if began is not None and finished >= events:
                return (events - began[1]) / (now - began[0])
            if began is None and finished >= events * START_PART:
                began = now, finished
            await asyncio.sleep(LOOK_SECONDS)


async def floor(body: Body, services: Services, scale: Scale) -> Sequence[Figure]:
    """Claim and settle on one connection."""
    measured = Floor(services)
    events = backlog_of(measured.events_a_second, body, scale)
    rate = await measured.events_each_second(Part.PROCESS, body, events)
    return [Figure(PROCESS, body, measured.name, "events/s", rate)]


def trials() -> list[Trial]:
    """Every system that processes, and the floor."""
    made = [
        Trial(ROW, entry.system.name, body, partial(process, entry.system, body), once=entry.once)
        for entry in PROCESSING
        for body in entry.bodies
    ]
    return [*made, *(Trial(ROW, Floor.name, body, partial(floor, body), whole_only=True) for body in Body)]
