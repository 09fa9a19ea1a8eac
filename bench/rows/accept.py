"""Accept: POSTs until 202, and nobody who processes what they bring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.load.bodies import Body, make_bodies
from bench.load.http import post_request
from bench.load.loops import Sent, closed_loop
from bench.quantiles import quantile
from bench.rows.checks import check_answers, check_stored
from bench.services import Services
from bench.systems.documented.system import Documented
from bench.systems.floor.parts import Part
from bench.systems.floor.system import Floor
from bench.systems.headrace.system import Headrace, batches_of
from bench.systems.system import Accepts, Endpoint
from bench.trials import Figure, Scale, Trial

ROW = "accept"

SINGLE, BATCHES = "accept, single POSTs", "accept, batches of 200"

#: Connections of single POSTs, by system: each has as many as it is quickest with. With 64, the threads of what is
#: documented stand in each other's way, and it accepts a quarter less.
CONNECTIONS = {Headrace.name: 64, Documented.name: 4}

#: Connections of batches.
BATCH_CONNECTIONS = 8

BATCH = 200

#: So many different requests are made; then they are sent again.
REQUESTS, BATCH_REQUESTS = 2_000, 40

#: Seconds before it counts: connections are opened, statements are prepared.
WARM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Posted:
    """Events that were accepted in all, and how many a second once it counted, each after so many milliseconds."""

    events: int
    rate: float
    milliseconds: Sequence[float]


async def single(
    system_class: Callable[[Services], Accepts], body: Body, services: Services, scale: Scale
) -> Sequence[Figure]:
    """One event a POST."""
    async with system_class(services) as system:
        endpoint = await system.start_api()
        sent = await posted(endpoint, body, scale.seconds, CONNECTIONS[system.name])
        await check_stored(system, sent.events)
        return [
            Figure(SINGLE, body, system.name, "events/s", sent.rate),
            Figure(f"{SINGLE}, p99", body, system.name, "ms", quantile(sent.milliseconds, 0.99)),
        ]


async def posted(endpoint: Endpoint, body: Body, seconds: float, connections: int) -> Posted:
    """Single POSTs for so long, after a second that warms up. Raises Void if one was refused."""
    requests = [post_request(endpoint.path, endpoint.headers, one) for one in make_bodies(body, REQUESTS)]
    warming, sent = await _loaded(endpoint.port, requests, connections, seconds)
    return Posted(len(warming) + len(sent), rate_of(sent), [one.seconds * 1e3 for one in sent])


async def batches(body: Body, services: Services, scale: Scale) -> Sequence[Figure]:
    """Two hundred events a POST, which only Headrace takes."""
    async with Headrace(services) as system:
        endpoint = await system.start_api()
        assert endpoint.batch_path is not None
        made = batches_of(make_bodies(body, BATCH_REQUESTS * BATCH), BATCH)
        requests = [post_request(endpoint.batch_path, endpoint.headers, batch) for batch in made]
        warming, sent = await _loaded(endpoint.port, requests, BATCH_CONNECTIONS, scale.seconds)
        await check_stored(system, (len(warming) + len(sent)) * BATCH)
        return [Figure(BATCHES, body, system.name, "events/s", rate_of(sent) * BATCH)]


async def floor(body: Body, services: Services, scale: Scale) -> Sequence[Figure]:
    """The insert alone, in batches."""
    measured = Floor(services)
    rate = await measured.events_each_second(Part.ACCEPT, body, measured.events_in(scale.seconds))
    return [Figure(BATCHES, body, measured.name, "events/s", rate)]


def rate_of(sent: Sequence[Sent]) -> float:
    """Answers a second, from the first request to the last answer."""
    return len(sent) / (max(one.answered for one in sent) - min(one.due for one in sent))


async def _loaded(
    port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> tuple[Sequence[Sent], Sequence[Sent]]:
    """What was sent before it counted, and then."""
    warming = await closed_loop(port, requests, connections=connections, seconds=WARM_SECONDS)
    sent = await closed_loop(port, requests, connections=connections, seconds=seconds)
    check_answers([*warming, *sent])
    return warming, sent


def trials() -> list[Trial]:
    """Single POSTs of both systems, batches and the floor, for both kinds of bodies."""
    return [trial for body in Body for trial in _trials_of(body)]


def _trials_of(body: Body) -> list[Trial]:
    return [
        Trial(ROW, Headrace.name, body, partial(single, Headrace, body)),
        Trial(ROW, Documented.name, body, partial(single, Documented, body)),
        Trial(ROW, Headrace.name, body, partial(batches, body)),
        Trial(ROW, Floor.name, body, partial(floor, body), whole_only=True),
    ]
