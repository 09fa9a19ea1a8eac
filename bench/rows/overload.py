"""Overload: more clients than an API has room for, who send again as soon as they are refused."""

from collections.abc import Sequence

from bench.load.bodies import Body, make_bodies
from bench.load.http import post_request
from bench.load.loops import closed_loop
from bench.quantiles import quantile
from bench.rows.checks import check_stored
from bench.services import Services
from bench.systems.headrace.system import Headrace
from bench.trials import Figure, Scale, Trial, Void

ROW = "overload"

ACCEPTED, P99, REFUSED = f"{ROW}: accepted", f"{ROW}: accepted, p99", f"{ROW}: requests refused with 429"

#: Twice as many as there is room for.
CONNECTIONS = 2_000

REQUESTS = 2_000

#: It counts from then on: of connections that come all at once, uvloop takes up one in each turn of a busy loop.
WARM_SECONDS = 3.0


async def overload(services: Services, scale: Scale) -> Sequence[Figure]:
    """What is accepted meanwhile, and how soon."""
    async with Headrace(services) as system:
        endpoint = await system.start_api()
        requests = [post_request(endpoint.path, endpoint.headers, one) for one in make_bodies(Body.SMALL, REQUESTS)]
        sent = await closed_loop(endpoint.port, requests, connections=CONNECTIONS, seconds=WARM_SECONDS + scale.seconds)
        answers = [(one, one.answer.status) for one in sent if one.answer is not None]
        accepted = [one for one, status in answers if status == 202]
        refused = [one for one, status in answers if status == 429]
        if len(accepted) + len(refused) < len(sent) or not accepted:
            raise Void(f"Of {len(sent)} requests, {len(accepted)} were accepted and {len(refused)} refused with 429.")
        await check_stored(system, len(accepted))
        warm = min(one.due for one in sent) + WARM_SECONDS
        seconds = max(one.answered for one in sent) - warm
        counted = [one.seconds * 1e3 for one in accepted if one.due >= warm]
        turned_away = sum(one.due >= warm for one in refused)
        return [
            Figure(ACCEPTED, Body.SMALL, system.name, "events/s", len(counted) / seconds),
            Figure(P99, Body.SMALL, system.name, "ms", quantile(counted, 0.99)),
            Figure(REFUSED, Body.SMALL, system.name, "%", 100 * turned_away / (turned_away + len(counted))),
        ]


def trials() -> list[Trial]:
    """The one."""
    return [Trial(ROW, Headrace.name, Body.SMALL, overload)]
