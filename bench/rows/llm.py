"""The lead row: what Headrace adds to events that wait for a language model, and what each costs the database.

A thousand events are on their way in one worker process, each at its own place in a row of five calls; outputs are
stored as checkpoints before the next call starts, as they are by default for nodes that take longer than 50 ms.
"""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from bench.counters import REPORT_SECONDS, Counters, between, count, start_counting
from bench.load.http import post_request
from bench.load.loops import open_loop
from bench.load.model_calls import BACKOFF_SECONDS, CALLS, calls_of, make_body
from bench.processes import cpu_seconds
from bench.quantiles import quantile
from bench.rows.finishing import until_finished
from bench.services import Services
from bench.systems.headrace.system import Headrace
from bench.systems.system import Endpoint
from bench.trials import Figure, Scale, Trial
from bench.watch import Watch
from headrace.store.body import unpack

ROW = "llm"

ADDED, MEMORY = f"{ROW}: added a node, mean", f"{ROW}: memory of the worker process"

#: Events of a whole run. A quick one has fewer, of shorter calls: as many calls a second, but fewer in flight.
EVENTS, QUICK_EVENTS, QUICK_SCALE = 1_000, 100, 0.1

#: The user's module.
APP = "bench.systems.headrace.model_calls"

#: Events are posted at this rate, so that all are on their way before the first can be through.
RATE = 400.0

#: Events that warm the processes up. Their calls are short, but long enough for checkpoints, so that they cost the
#: database what the others cost, and what is counted is divided by all.
WARMING, WARMING_SCALE = 50, 0.11

#: The longest that an event may take beyond all of its calls.
PATIENCE_SECONDS = 60.0

#: From the commit that accepted an event to the commit of its result, with the body, which has its number.
_TAKEN = """
SELECT e.body,
       extract(epoch FROM pg_xact_commit_timestamp(r.xmin) - pg_xact_commit_timestamp(e.xmin))::float8
FROM headrace.results r JOIN headrace.events e ON e.id = r.event_id
WHERE r.state = 'succeeded'
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run of the lead row."""

    #: Those that warmed up included.
    events: int
    #: Milliseconds a node beyond what it awaits: accepting, claiming, checkpoints and the result, shared by the nodes.
    added: Sequence[float]
    #: The same of events with a failed call, without the pause that was asked for.
    added_with_retry: Sequence[float]
    #: The most events that the process held at once, and the most memory that it had meanwhile, in bytes.
    in_flight: int
    memory_bytes: int
    #: What the database did for all events together.
    spent: Counters
    #: CPU seconds of all processes of the servers.
    server_seconds: float

    @property
    def database_hours_a_million(self) -> float:
        """Hours that a million events keep one connection busy."""
        return self.spent.statement_seconds / self.events * 1e6 / 3600


async def measure(services: Services, *, events: int, scale: float) -> Outcome:
    """One run. `scale` shortens all calls. Raises TimeoutError if an event does not finish."""
    async with await services.connect() as connection, Headrace(services, {"app": APP}) as system:
        await start_counting(connection)
        before, cpu_before = await count(connection), cpu_seconds(services.processes())
        endpoint = await system.start_api()
        await system.start_workers(1)
        await _run(system, endpoint, range(-WARMING, 0), WARMING_SCALE, WARMING)
        async with Watch(connection) as watch:
            await _run(system, endpoint, range(events), scale, WARMING + events)
        cpu_after = cpu_seconds(services.processes())
        await asyncio.sleep(REPORT_SECONDS)
        spent = between(before, await count(connection))
        rows = await (await connection.execute(_TAKEN)).fetchall()
    taken: dict[int, float] = {orjson.loads(unpack(body))["number"]: seconds for body, seconds in rows}
    added, added_with_retry = added_milliseconds(taken, range(events), scale)
    total = WARMING + events
    return Outcome(total, added, added_with_retry, watch.in_flight, watch.memory_bytes, spent, cpu_after - cpu_before)


async def _run(system: Headrace, endpoint: Endpoint, numbers: range, scale: float, finished: int) -> None:
    """Post events and wait until so many are finished in all."""
    posts = [post_request(endpoint.path, endpoint.headers, make_body(number, scale)) for number in numbers]
    for sent in await open_loop(endpoint.port, posts, RATE):
        assert sent.answer, "an open loop returns when all is answered"
        assert sent.answer.status == 202, sent.answer

    longest = max(planned_seconds(number, scale) for number in numbers)
    await until_finished(system, finished, longest + PATIENCE_SECONDS)


def planned_seconds(number: int, scale: float) -> float:
    """What an event awaits, with the pauses after failed calls."""
    calls = calls_of(number, scale)
    return sum(call.awaited_seconds + BACKOFF_SECONDS * call.fails_first for call in calls)


def added_milliseconds(taken: Mapping[int, float], numbers: range, scale: float) -> tuple[list[float], list[float]]:
    """By what each event took longer than planned, a node: of those without a failed call, and of those with one."""
    undisturbed: list[float] = []
    retried: list[float] = []
    for number in numbers:
        failed = any(call.fails_first for call in calls_of(number, scale))
        added = (taken[number] - planned_seconds(number, scale)) * 1e3 / CALLS
        (retried if failed else undisturbed).append(added)
    return undisturbed, retried


async def model_calls(services: Services, scale: Scale) -> Sequence[Figure]:
    """What the table says of the row."""
    whole = scale.part == 1.0
    outcome = await measure(services, events=EVENTS if whole else QUICK_EVENTS, scale=1.0 if whole else QUICK_SCALE)
    figure = partial(Figure, body="", system=Headrace.name)
    events, spent = outcome.events, outcome.spent
    return [
        figure(ADDED, unit="ms", value=statistics.mean(outcome.added)),
        figure(f"{ROW}: added a node, p50", unit="ms", value=quantile(outcome.added, 0.5)),
        figure(f"{ROW}: added a node, p99", unit="ms", value=quantile(outcome.added, 0.99)),
        figure(f"{ROW}: added a node, events with a failed call", unit="ms", value=_mean(outcome.added_with_retry)),
        figure(f"{ROW}: most events in flight", unit="events", value=outcome.in_flight),
        figure(MEMORY, unit="MB", value=outcome.memory_bytes / 1e6),
        figure(f"{ROW}: rows inserted an event", unit="rows", value=spent.rows_inserted / events),
        figure(f"{ROW}: rows inserted, updated and deleted an event", unit="rows", value=spent.rows_written / events),
        figure(f"{ROW}: WAL an event", unit="kB", value=spent.log_bytes / events / 1e3),
        figure(f"{ROW}: statements an event", unit="statements", value=spent.statements / events),
        figure(f"{ROW}: database time an event", unit="ms", value=spent.statement_seconds / events * 1e3),
        figure(f"{ROW}: database time of 1 million events", unit="h", value=outcome.database_hours_a_million),
        figure(f"{ROW}: CPU of the servers an event", unit="ms", value=outcome.server_seconds / events * 1e3),
    ]


def trials() -> list[Trial]:
    """The one."""
    return [Trial(ROW, Headrace.name, None, model_calls)]


def _mean(values: Sequence[float]) -> float:
    return statistics.mean(values) if values else 0.0
