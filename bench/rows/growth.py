"""Growth: whether it is as quick with millions of stored events, and with a long backlog, as without."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from bench.history import FINISHED, UNFINISHED, multiply
from bench.load.bodies import Body, make_bodies
from bench.load.http import fetch, get_request
from bench.quantiles import quantile
from bench.rows.accept import CONNECTIONS, posted
from bench.rows.finishing import until_finished
from bench.rows.process import drained
from bench.services import Services
from bench.systems.headrace.system import WITHOUT_SEARCH, Headrace
from bench.systems.system import READY_SECONDS
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial
from bench.waiting import until

ROW = "growth"

ACCEPT, PROCESS = "accept with 5 million stored, by that with none", "process with 5 million stored, by that with none"
BACKLOG = "process with a backlog of 1 million, by that of 10 thousand"
VERIFY = "headrace verify with 1 million events"
STATS = "GET /stats with 5 million events, p99"

#: Events of which copies are made.
ORIGINALS = 1_000

#: Copies of each: a million, then five.
MILLION, FIVE_MILLION = range(1_000), range(1_000, 5_000)

#: Each rate is the median of so many measurements.
TIMES = 3

#: Part of the scale's seconds that one of them lasts.
PART = 0.5

#: A backlog that is short.
SHORT_BACKLOG = 10_000

#: Times that the ledger is asked for.
ASKED = 100

#: Within so many seconds workers begin.
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Events a second."""

    accept: float
    process: float


async def stored(services: Services, scale: Scale) -> Sequence[Figure]:
    """The rates before and after five million events are there, and what looks at all of them."""
    async with await services.connect() as connection:
        originals = await _originals(services)
        before = await _rates(services, scale)
        await multiply(connection, FINISHED, originals, MILLION, tells=False)
        await _vacuum(connection)
        verify_seconds = await _verify(services)
        await multiply(connection, FINISHED, originals, FIVE_MILLION, tells=False)
        await _vacuum(connection)
        after = await _rates(services, scale)
        milliseconds = await _stats(services)
    return [
        Figure(ACCEPT, Body.SMALL, Headrace.name, "×", after.accept / before.accept),
        Figure(PROCESS, Body.SMALL, Headrace.name, "×", after.process / before.process),
        Figure(VERIFY, Body.SMALL, Headrace.name, "s", verify_seconds),
        Figure(STATS, Body.SMALL, Headrace.name, "ms", quantile(milliseconds, 0.99)),
    ]


async def backlog(services: Services, scale: Scale) -> Sequence[Figure]:
    """Short backlogs, each drained, then the first part of a long one."""
    async with await services.connect() as connection:
        short = statistics.median([await _short_backlog(services) for _ in range(TIMES)])
        async with Headrace(services, WITHOUT_SEARCH) as system:
            ids = await system.fill(make_bodies(Body.SMALL, ORIGINALS))
            await multiply(connection, UNFINISHED, [UUID(each) for each in ids], MILLION)
            await _vacuum(connection)
            await system.start_workers(WORKER_PROCESSES)
            long = await _rate_of(system, scale.seconds)
    return [Figure(BACKLOG, Body.SMALL, Headrace.name, "×", long / short)]


async def _originals(services: Services) -> list[UUID]:
    """Events that were really accepted and processed."""
    async with Headrace(services, WITHOUT_SEARCH) as system:
        ids = await system.fill(make_bodies(Body.SMALL, ORIGINALS))
        await system.start_workers(WORKER_PROCESSES)
        await until_finished(system, ORIGINALS, START_SECONDS)
    return [UUID(event_id) for event_id in ids]


async def _rates(services: Services, scale: Scale) -> Rates:
    made = [await _measured(services, scale.seconds * PART) for _ in range(TIMES)]
    return Rates(statistics.median(each.accept for each in made), statistics.median(each.process for each in made))


async def _measured(services: Services, seconds: float) -> Rates:
    """What is accepted while no worker runs, and how quickly workers drain that and some more."""
    async with Headrace(services, WITHOUT_SEARCH) as system:
        before = await system.finished()
        endpoint = await system.start_api()
        accepted = await posted(endpoint, Body.SMALL, seconds, CONNECTIONS[system.name])
        more = round(Headrace.events_a_second * seconds)
        await system.fill(make_bodies(Body.SMALL, more))
        await system.start_workers(WORKER_PROCESSES)
        rate = await drained(system, accepted.events + more, START_SECONDS, before)
        return Rates(accepted.rate, rate)


async def _short_backlog(services: Services) -> float:
    async with Headrace(services, WITHOUT_SEARCH) as system:
        before = await system.finished()
        await system.fill(make_bodies(Body.SMALL, SHORT_BACKLOG))
        await system.start_workers(WORKER_PROCESSES)
        return await drained(system, SHORT_BACKLOG, START_SECONDS, before)


async def _rate_of(system: Headrace, seconds: float) -> float:
    """Events finished a second, from when a short backlog would be over."""
    before = await system.finished()

    async def is_under_way() -> bool:
        return await system.finished() - before >= SHORT_BACKLOG

    await until(is_under_way, "the backlog is under way", START_SECONDS)
    first, began = await system.finished(), time.monotonic()
    await asyncio.sleep(seconds)
    return (await system.finished() - first) / (time.monotonic() - began)


async def _vacuum(connection: psycopg.AsyncConnection) -> None:
    """What autovacuum would have done while so many events came one by one."""
    await connection.execute("VACUUM (ANALYZE) headrace.events, headrace.results, headrace.runs")
    await connection.execute("CHECKPOINT")


async def _verify(services: Services) -> float:
    """Seconds that the command takes, which would fail if the copies were not as good as what is real."""
    async with Headrace(services, WITHOUT_SEARCH) as system:
        began = time.monotonic()
        await system.command("verify", seconds=READY_SECONDS)
        return time.monotonic() - began


async def _stats(services: Services) -> list[float]:
    async with Headrace(services, WITHOUT_SEARCH) as system:
        endpoint = await system.start_api()
        milliseconds = []
        for _ in range(ASKED):
            began = time.monotonic()
            await fetch(endpoint.port, [get_request("/stats")])
            milliseconds.append((time.monotonic() - began) * 1e3)
        return milliseconds


def trials() -> list[Trial]:
    """Both, once: they take minutes."""
    return [
        Trial(ROW, Headrace.name, Body.SMALL, stored, once=True, whole_only=True),
        Trial(ROW, Headrace.name, Body.SMALL, backlog, once=True, whole_only=True),
    ]
