"""What the engine itself costs: `python -m bench.engine [--json]`. See bench/README.md."""

import argparse
import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.pipelines import STORED_TYPE, Gate, LightSyncNode, Measured, map_over, row_of, stored_row_of
from bench.report import Figure, as_json, as_table
from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent
from headrace.domain.outcome import Completed
from headrace.engine import Attempt, Means, NodeThreads, Pipeline, perform
from headrace.flow.ingest.ingest import Ingest
from tests.support.servers import running_server
from tests.support.stages import Worker, working
from tests.support.storage import Storage

#: Every figure is taken so often.
ROUNDS = 15

#: Nodes of a short and of a long row: their difference is what a node costs, without what an attempt costs.
SHORT, LONG = 2, 40

#: Attempts in a row are timed together for so many nodes, because one alone is too short to be timed.
NODES_A_ROUND = 4_000

#: Items of the map.
ITEMS = 10_000

#: Events whose node waits at the same time.
EVENTS = 10_000

#: Mebibytes, in bytes.
MEBIBYTE = 2**20


async def perform_once(pipeline: Pipeline, means: Means) -> None:
    """One attempt, which must complete."""
    outcome = await perform(pipeline, Measured(), Attempt(1), means)
    assert isinstance(outcome, Completed), outcome


async def rounds_of(work: Callable[[], Awaitable[None]], rounds: int = ROUNDS) -> list[float]:
    """The seconds of each round, after one that does not count."""
    await work()
    return [await seconds_of(work) for _ in range(rounds)]


async def seconds_of(work: Callable[[], Awaitable[None]], times: int = 1) -> float:
    """What one of `times` takes."""
    started = time.perf_counter()
    for _ in range(times):
        await work()
    return (time.perf_counter() - started) / times


async def rows(means: Means, *, kind: str, short: Pipeline, long: Pipeline, goal: float | None) -> list[Figure]:
    """A node in a row, and attempts at a short and at a long one. The rounds of both alternate."""
    times = NODES_A_ROUND // LONG
    short_rounds: list[float] = []
    long_rounds: list[float] = []
    for _ in range(ROUNDS + 1):
        short_rounds.append(await seconds_of(lambda: perform_once(short, means), times))
        long_rounds.append(await seconds_of(lambda: perform_once(long, means), times))
    del short_rounds[0], long_rounds[0]  # the first warms up
    pairs = zip(short_rounds, long_rounds, strict=True)
    nodes = [(longer - shorter) / (LONG - SHORT) * 1e6 for shorter, longer in pairs]
    return [
        Figure(f"a light {kind} node, in a row", "µs", nodes, goal),
        Figure(f"an attempt at {SHORT} light {kind} nodes", "µs", [seconds * 1e6 for seconds in short_rounds]),
        Figure(f"an attempt at {LONG} light {kind} nodes", "ms", [seconds * 1e3 for seconds in long_rounds]),
    ]


async def maps(means: Means) -> Figure:
    """A map whose items do nothing."""
    pipeline = map_over(ITEMS)
    rounds = await rounds_of(lambda: perform_once(pipeline, means))
    return Figure(f"a map over {ITEMS:,} items", "s", rounds, goal=1.0)


async def waiting_together(means: Means) -> Figure:
    """The resident memory of this process while many events wait. Taken first, and once: memory is not given back."""
    gate = Gate(EVENTS)
    attempts = [asyncio.create_task(perform_once(gate.pipeline, means)) for _ in range(EVENTS)]
    await gate.crowded.wait()
    resident = psutil.Process().memory_info().rss / MEBIBYTE
    gate.opened.set()
    await asyncio.gather(*attempts)
    attempts.clear()
    gc.collect()  # what this left is no cost of the figures that follow
    return Figure(f"{EVENTS:,} events awaiting at once, the process", "MiB", [resident], goal=300.0)


@asynccontextmanager
async def stages() -> AsyncIterator[tuple[Ingest, Worker]]:
    """Accepting and executing in this process, with a PostgreSQL of their own."""
    with TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        storage = Storage(server.services, server.superuser_url, "bench")
        database = storage.open()
        await database.open()
        async with working(storage) as worker:
            yield Ingest(database, lambda _queue, ids: worker.executor.hint(ids), utc_now, lambda: 0.0), worker
        await database.close()
        storage.close()


async def stored() -> Figure:
    """From handing an event over to its stored result."""
    stored_row_of(LONG)
    async with stages() as (ingest, worker):

        async def store_one() -> None:
            settled = len(worker.settled)
            await ingest.accept([NewEvent(ingest.new_id(), STORED_TYPE, b'{"type":"%s"}' % STORED_TYPE.encode())])
            while len(worker.settled) == settled:  # noqa: ASYNC110 - a list tells nobody that it grew
                await asyncio.sleep(0.0002)

        await seconds_of(store_one, ROUNDS)  # connections are opened, statements are prepared
        rounds = await rounds_of(store_one, 10 * ROUNDS)
    milliseconds = [seconds * 1e3 for seconds in rounds]
    return Figure(f"{LONG} light nodes in a row, accepted to stored", "ms", milliseconds, goal=50.0)


async def measure() -> list[Figure]:
    """All figures."""
    threads = NodeThreads()
    means = Means(threads)
    try:
        memory = await waiting_together(means)
        light = await rows(means, kind="async", short=row_of(SHORT), long=row_of(LONG), goal=20.0)
        short, long = row_of(SHORT, LightSyncNode), row_of(LONG, LightSyncNode)
        hopping = await rows(means, kind="sync", short=short, long=long, goal=None)
        return [*light, *hopping, await maps(means), memory, await stored()]
    finally:
        threads.close()


def main() -> None:
    """Measure and print; a figure beyond its goal is told, and is no failure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true", help="print JSON instead of a table")
    as_asked = as_json if arguments.parse_args().json else as_table
    print(as_asked(asyncio.run(measure())))


if __name__ == "__main__":
    main()
