"""The memory of an API process and of a worker process while they go through very many events: flat, or not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import psutil
import psycopg

from bench.load.bodies import Body, make_bodies
from bench.load.http import fetch, post_request
from bench.rows.finishing import until_finished
from bench.services import Services
from bench.systems.headrace.system import Headrace, batches_of
from bench.systems.system import Endpoint
from bench.trials import Figure, Scale, Trial
from bench.watch import worker_memory

ROW = "memory"

API, WORKER = "memory of the API", "memory of a worker process"

#: Events of a whole run.
EVENTS = 1_000_000

#: Memory is looked at so often in a run.
LOOKS = 20

#: The first looks see caches that fill; flat means that nothing is added after these.
SETTLING = LOOKS // 4

#: Beyond the time for its events, a part may take so long.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Resident bytes after each part of the events, of the API and of the largest worker process."""

    events: int
    api: Sequence[int]
    worker: Sequence[int]


def growth(looks: Sequence[int]) -> float:
    """What memory grew by from a quarter of the run to its end, as a share; the medians of some looks at both ends."""
    early, late = sorted(looks[SETTLING - 2 : SETTLING + 1]), sorted(looks[-3:])
    return late[len(late) // 2] / early[len(early) // 2] - 1


async def measure(services: Services, *, events: int) -> Outcome:
    """So many small events through one API and one worker process. Raises TimeoutError."""
    async with await services.connect() as connection, Headrace(services) as system:
        endpoint = await system.start_api()
        [api] = system.processes()
        await system.start_workers(1)
        looks = [await _part(system, endpoint, connection, api, events // LOOKS, part) for part in range(LOOKS)]
    return Outcome(events, [seen[0] for seen in looks], [seen[1] for seen in looks])


async def _part(
    system: Headrace, endpoint: Endpoint, connection: psycopg.AsyncConnection, api: psutil.Process, size: int, part: int
) -> tuple[int, int]:
    """Send a part of the events and wait until it is through; what API and worker hold then."""
    bodies = await asyncio.to_thread(make_bodies, Body.SMALL, size, first=part * size)
    assert endpoint.batch_path is not None
    posts = [post_request(endpoint.batch_path, endpoint.headers, batch) for batch in batches_of(bodies, 200)]
    await fetch(endpoint.port, posts, connections=4)

    await until_finished(system, (part + 1) * size, PATIENCE_SECONDS + size / 500)
    return api.memory_info().rss, max(await worker_memory(connection))


def growth_of(what: str) -> str:
    """The name of the figure that says whether a memory is flat."""
    return f"{what}, growth after a quarter of the events"


async def memory(services: Services, scale: Scale) -> Sequence[Figure]:
    """What the table says of the row."""
    outcome = await measure(services, events=round(EVENTS * scale.part))
    figure = partial(Figure, body=Body.SMALL, system=Headrace.name)
    return [
        figure(f"{ROW}: events", unit="events", value=outcome.events),
        figure(API, unit="MB", value=outcome.api[-1] / 1e6),
        figure(growth_of(API), unit="%", value=growth(outcome.api) * 100),
        figure(WORKER, unit="MB", value=outcome.worker[-1] / 1e6),
        figure(growth_of(WORKER), unit="%", value=growth(outcome.worker) * 100),
    ]


def trials() -> list[Trial]:
    """The one."""
    return [Trial(ROW, Headrace.name, Body.SMALL, memory, once=True)]
