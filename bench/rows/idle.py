"""Idle: what an installation costs while nothing happens, with its servers."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

from bench.processes import cpu_seconds, resident_bytes
from bench.services import Services
from bench.systems.documented.system import Documented
from bench.systems.headrace.system import Headrace
from bench.systems.system import EndToEnd
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial

ROW = "idle"

CPU = "idle: 1 API, 2 workers and their servers, CPU"
STATEMENTS = "idle: 1 API and 2 workers, statements"
FURTHER = "idle: each further worker process, statements"
MEMORY = "idle: 1 API and 2 workers, memory without servers"

#: Programs are at rest after so many seconds; then they are watched for so many times the seconds of the scale.
REST_SECONDS, WATCHED = 6.0, 20.0

#: Worker processes beside the two, by which it is known what one more costs.
MORE = 4

#: Every statement that came from outside, but for those that ask.
_CALLS = """
SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'
"""


@dataclass(frozen=True, slots=True)
class Rest:
    """What an installation at rest does in a second, and what it holds."""

    cpu_seconds: float
    statements: float
    resident_bytes: int


async def headrace(services: Services, scale: Scale) -> Sequence[Figure]:
    """With the two worker processes."""
    return _figures(await at_rest(Headrace, WORKER_PROCESSES, services, scale), Headrace.name)


async def further(services: Services, scale: Scale) -> Sequence[Figure]:
    """What each of some more worker processes adds."""
    few = await at_rest(Headrace, WORKER_PROCESSES, services, scale)
    many = await at_rest(Headrace, WORKER_PROCESSES + MORE, services, scale)
    return [Figure(FURTHER, "", Headrace.name, "a second", (many.statements - few.statements) / MORE)]


async def documented(services: Services, scale: Scale) -> Sequence[Figure]:
    """With two prefork children."""
    return _figures(await at_rest(Documented, WORKER_PROCESSES, services, scale), Documented.name)


async def at_rest(system_class: Callable[[Services], EndToEnd], workers: int, services: Services, scale: Scale) -> Rest:
    """Start everything, let it come to rest, and watch it."""
    async with system_class(services) as system:
        await system.start_api()
        await system.start_workers(workers)
        return await watched(system, services, scale)


async def watched(system: EndToEnd, services: Services, scale: Scale) -> Rest:
    """What a system that has just been started does at rest."""
    await asyncio.sleep(REST_SECONDS)
    with psycopg.connect(services.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        processes = [*system.processes(), *services.processes()]
        calls, cpu, began = _calls(connection), cpu_seconds(processes), time.monotonic()
        await asyncio.sleep(WATCHED * scale.seconds)
        processes = [*system.processes(), *services.processes()]
        seconds = time.monotonic() - began
        return Rest(
            (cpu_seconds(processes) - cpu) / seconds,
            (_calls(connection) - calls) / seconds,
            resident_bytes(system.processes()),
        )


def _calls(connection: psycopg.Connection) -> int:
    [(calls,)] = connection.execute(_CALLS).fetchall()
    return int(calls)


def _figures(rest: Rest, system: str) -> list[Figure]:
    return [
        Figure(CPU, "", system, "% of a core", rest.cpu_seconds * 100),
        Figure(STATEMENTS, "", system, "a second", rest.statements),
        Figure(MEMORY, "", system, "MiB", rest.resident_bytes / 2**20),
    ]


def trials() -> list[Trial]:
    """Both systems, once in a run: what does nothing does not vary."""
    return [
        Trial(ROW, Headrace.name, None, headrace, once=True),
        Trial(ROW, Headrace.name, None, further, once=True, whole_only=True),
        Trial(ROW, Documented.name, None, documented, once=True, whole_only=True),
    ]
