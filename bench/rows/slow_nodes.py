"""Slow nodes: events whose node waits for a second, in two processes.

What is documented runs one event a child, so that a few events tell how long a thousand would take.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from bench.load.bodies import Body, Work, make_bodies
from bench.load.http import fetch, post_request
from bench.rows.finishing import until_finished
from bench.services import Services
from bench.systems.documented.system import Documented
from bench.systems.headrace.system import Headrace
from bench.systems.system import Endpoint, EndToEnd
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial

ROW = "slow_nodes"

SLOW = "1,000 events whose node awaits 1 s"

#: The events of the row, and how many of them each system is given.
EVENTS = 1_000
GIVEN = {Headrace.name: EVENTS, Documented.name: 8}

#: What was sent is finished within so many seconds.
FINISH_SECONDS = 60.0

#: Connections that they are sent over.
CONNECTIONS = 64

#: Events without a wait, by which everything is warm.
WARM_EVENTS = 20


async def slow_nodes(
    system_class: Callable[[Services], EndToEnd],
    services: Services,
    scale: Scale,  # noqa: ARG001 - as every trial
) -> Sequence[Figure]:
    """The seconds from the first POST to the last stored result."""
    async with system_class(services) as system:
        endpoint = await system.start_api()
        await system.start_workers(WORKER_PROCESSES)
        await _seconds(system, endpoint, make_bodies(Body.SMALL, WARM_EVENTS), 0)
        given = GIVEN[system.name]
        seconds = await _seconds(system, endpoint, make_bodies(Body.SMALL, given, Work.SLOW), WARM_EVENTS)
        return [Figure(SLOW, Body.SMALL, system.name, "s", seconds * EVENTS / given)]


async def _seconds(system: EndToEnd, endpoint: Endpoint, bodies: Sequence[bytes], before: int) -> float:
    requests = [post_request(endpoint.path, endpoint.headers, body) for body in bodies]

    began = time.monotonic()
    await fetch(endpoint.port, requests, CONNECTIONS)
    await until_finished(system, before + len(bodies), FINISH_SECONDS)
    return time.monotonic() - began


def trials() -> list[Trial]:
    """Both systems."""
    return [
        Trial(ROW, Headrace.name, Body.SMALL, partial(slow_nodes, Headrace)),
        Trial(ROW, Documented.name, Body.SMALL, partial(slow_nodes, Documented), once=True, whole_only=True),
    ]
