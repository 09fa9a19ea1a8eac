"""Promise 4: accepting is not slowed while Redis hangs, or is gone."""

import os
import signal
from collections.abc import Sequence

from bench.load.bodies import Body, make_bodies
from bench.load.http import post_request
from bench.load.loops import open_loop
from bench.quantiles import quantile
from bench.rows.checks import check_answers
from bench.services import Services
from bench.systems.headrace.system import Headrace
from bench.systems.system import Endpoint
from bench.trials import Figure, Scale, Trial

ROW = "without_redis"

P99 = "accept at 200 events/s, p99"
HUNG, GONE = f"{P99}, Redis hung, by that with Redis", f"{P99}, Redis gone, by that with Redis"

RATE = 200.0

#: Before it counts, the new database has to make room for its log, and the first hint to load what sends it.
WARM_SECONDS = 4.0


async def without_redis(services: Services, scale: Scale) -> Sequence[Figure]:
    """One API, while Redis answers, stands still, and is no more."""
    redis = services.pids[-1]
    async with Headrace(services) as system:
        endpoint = await system.start_api()
        await _p99(endpoint, WARM_SECONDS)
        there = await _p99(endpoint, scale.seconds)
        os.kill(redis, signal.SIGSTOP)
        hung = await _p99(endpoint, scale.seconds)
        os.kill(redis, signal.SIGKILL)
        gone = await _p99(endpoint, scale.seconds)
    return [
        Figure(P99, Body.SMALL, system.name, "ms", there),
        Figure(HUNG, Body.SMALL, system.name, "×", hung / there),
        Figure(GONE, Body.SMALL, system.name, "×", gone / there),
    ]


async def _p99(endpoint: Endpoint, seconds: float) -> float:
    """Milliseconds."""
    bodies = make_bodies(Body.SMALL, round(RATE * seconds))
    sent = await open_loop(endpoint.port, [post_request(endpoint.path, endpoint.headers, one) for one in bodies], RATE)
    check_answers(sent)
    return quantile([one.seconds * 1e3 for one in sent], 0.99)


def trials() -> list[Trial]:
    """The one."""
    return [Trial(ROW, Headrace.name, Body.SMALL, without_redis)]
