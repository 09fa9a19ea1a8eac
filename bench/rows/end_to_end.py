"""End to end: from a POST to the commit of its result, with an API and two worker processes.

A latency begins when the POST was to be sent and ends at the time that PostgreSQL notes for the commit of the result.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from bench.load.bodies import Body, make_bodies
from bench.load.http import post_request
from bench.load.loops import Sent, closed_loop, open_loop
from bench.quantiles import quantile
from bench.rows.accept import CONNECTIONS
from bench.rows.checks import check_answers, check_results
from bench.rows.finishing import until_finished
from bench.services import Services
from bench.systems.documented.system import Documented
from bench.systems.floor.parts import Part
from bench.systems.floor.system import Floor
from bench.systems.headrace.system import Headrace
from bench.systems.system import Endpoint, EndToEnd
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial

ROW = "end_to_end"

SATURATED = "end to end, saturated, single POSTs"

#: Events a second, and for how many times the seconds of the scale they are sent.
RATES = {10: 1.0, 50: 2.0, 200: 1.0, 1000: 0.7}

#: Beyond this, what is documented falls behind for good, and a latency says nothing of it.
MOST_DOCUMENTED = 200

#: Events that are sent before it counts.
WARM_EVENTS = 100

#: What was sent is finished within so many seconds.
FINISH_SECONDS = 60.0

#: Events of the saturating load, by system, for each second that it is to last.
SATURATING = {Headrace.name: 2_500, Documented.name: 120}


def latency_of(rate: int, part: str) -> str:
    """The name of a figure: `part` is "p50" or "p99"."""
    return f"end to end, {rate:,} events/s, {part}"


async def latencies(
    system_class: Callable[[Services], EndToEnd], rates: Sequence[int], body: Body, services: Services, scale: Scale
) -> Sequence[Figure]:
    """At each rate, one after the other, how long an event takes."""
    figures: list[Figure] = []
    async with system_class(services) as system:
        endpoint = await _warm(system, body)
        sent_before = WARM_EVENTS
        for rate in rates:
            requests = _requests(endpoint, body, round(rate * RATES[rate] * scale.seconds))
            sent = await open_loop(endpoint.port, requests, rate)
            check_answers(sent)
            sent_before += len(sent)
            await until_finished(system, sent_before, FINISH_SECONDS)
            milliseconds = await _milliseconds(system, sent)
            figures += [
                Figure(latency_of(rate, name), body, system.name, "ms", quantile(milliseconds, part))
                for name, part in (("p50", 0.5), ("p99", 0.99))
            ]
    return figures


async def saturated(
    system_class: Callable[[Services], EndToEnd], body: Body, services: Services, scale: Scale
) -> Sequence[Figure]:
    """As many POSTs as it takes, until the last of their results is stored."""
    async with system_class(services) as system:
        endpoint = await _warm(system, body)
        count = round(SATURATING[system.name] * scale.seconds)
        bodies = make_bodies(body, count)
        requests = [post_request(endpoint.path, endpoint.headers, one) for one in bodies]
        began = time.monotonic()
        sent = await closed_loop(
            endpoint.port, requests, connections=CONNECTIONS[system.name], seconds=FINISH_SECONDS, most=len(requests)
        )
        check_answers(sent)
        await until_finished(system, WARM_EVENTS + count, FINISH_SECONDS)
        seconds = time.monotonic() - began
        ids = [system.id_of(one.answer.body) for one in sent if one.answer is not None]
        await check_results(system, ids, [bodies[one.number] for one in sent], scale.read_back)
        return [Figure(SATURATED, body, system.name, "events/s", count / seconds)]


async def floor(body: Body, services: Services, scale: Scale) -> Sequence[Figure]:
    """Insert, claim and settle on one connection."""
    measured = Floor(services)
    rate = await measured.events_each_second(Part.END_TO_END, body, measured.events_in(scale.seconds))
    return [Figure(SATURATED, body, measured.name, "events/s", rate)]


async def _warm(system: EndToEnd, body: Body) -> Endpoint:
    """Everything started, and so many events through all of it."""
    endpoint = await system.start_api()
    await system.start_workers(WORKER_PROCESSES)
    requests = _requests(endpoint, body, WARM_EVENTS)
    check_answers(await closed_loop(endpoint.port, requests, connections=4, seconds=FINISH_SECONDS, most=WARM_EVENTS))
    await until_finished(system, WARM_EVENTS, FINISH_SECONDS)
    return endpoint


def _requests(endpoint: Endpoint, body: Body, count: int) -> list[bytes]:
    return [post_request(endpoint.path, endpoint.headers, one) for one in make_bodies(body, count)]


async def _milliseconds(system: EndToEnd, sent: Sequence[Sent]) -> Sequence[float]:
    due = {system.id_of(one.answer.body): one.due for one in sent if one.answer is not None}
    finished = await system.finished_at(list(due))
    return [(finished[event_id] - moment) * 1e3 for event_id, moment in due.items()]


def trials() -> list[Trial]:
    """Latencies at rates, and the saturated load, of both systems; and the floor."""
    few = [rate for rate in RATES if rate <= MOST_DOCUMENTED]
    body = Body.SMALL
    return [
        Trial(ROW, Headrace.name, body, partial(latencies, Headrace, list(RATES), body)),
        Trial(ROW, Documented.name, body, partial(latencies, Documented, few, body), once=True, whole_only=True),
        Trial(ROW, Headrace.name, body, partial(saturated, Headrace, body)),
        Trial(ROW, Documented.name, body, partial(saturated, Documented, body)),
        Trial(ROW, Floor.name, body, partial(floor, body), whole_only=True),
    ]
