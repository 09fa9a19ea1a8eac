"""Forty light nodes in a row, one event at a time: from its POST to the commit of its result."""

import time
from collections.abc import Sequence

from bench.load.bodies import Body, Work, make_bodies
from bench.load.http import fetch, post_request
from bench.quantiles import quantile
from bench.rows.finishing import until_finished
from bench.services import Services
from bench.systems.headrace.system import Headrace
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial

ROW = "light_nodes"

FORTY = "40 light nodes in a row"

#: Events before it counts, and for each second of the scale.
WARM_EVENTS, EVENTS_A_SECOND = 10, 10

#: An event is finished within so many seconds.
FINISH_SECONDS = 30.0


async def light_nodes(services: Services, scale: Scale) -> Sequence[Figure]:
    """The median and one of the slowest, by the clock of the database."""
    async with Headrace(services) as system:
        endpoint = await system.start_api()
        await system.start_workers(WORKER_PROCESSES)
        events = round(EVENTS_A_SECOND * scale.seconds)
        bodies = make_bodies(Body.SMALL, WARM_EVENTS + events, Work.FORTY_STEPS)
        seconds = []
        for number, body in enumerate(bodies, start=1):
            due = time.time()
            [answer] = await fetch(endpoint.port, [post_request(endpoint.path, endpoint.headers, body)])
            await until_finished(system, number, FINISH_SECONDS)
            event_id = system.id_of(answer.body)
            seconds.append((await system.finished_at([event_id]))[event_id] - due)
        counted = seconds[WARM_EVENTS:]
        return [
            Figure(f"{FORTY}, p50", Body.SMALL, system.name, "s", quantile(counted, 0.5)),
            Figure(f"{FORTY}, p99", Body.SMALL, system.name, "s", quantile(counted, 0.99)),
        ]


def trials() -> list[Trial]:
    """The one."""
    return [Trial(ROW, Headrace.name, Body.SMALL, light_nodes)]
