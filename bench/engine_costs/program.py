"""What the engine itself costs, in this process and without a database: `python -m bench.engine_costs.program`.

Prints JSON: `{"figure": value}`.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping

import orjson
import psutil

from bench.engine_costs.names import HELD, LONG, MAPPED, NODE, SHORT, SYNC_NODE
from bench.engine_costs.pipelines import Gate, LightSyncNode, Measured, map_over, row_of
from headrace.domain.outcome import Completed
from headrace.engine import Attempt, Means, NodeThreads, Pipeline, perform

#: Every figure is the median of so many.
ROUNDS = 7

#: Attempts in a row are timed together for so many nodes, because one alone is too short to be timed.
NODES_A_ROUND = 4_000

#: Items of the map; events whose node waits at the same time.
MANY = 10_000

#: Mebibytes, in bytes.
MEBIBYTE = 2**20


async def perform_once(pipeline: Pipeline, means: Means) -> None:
    """One attempt, which must complete."""
    outcome = await perform(pipeline, Measured(), Attempt(1), means)
    assert isinstance(outcome, Completed), outcome


async def seconds_of(work: Callable[[], Awaitable[None]], times: int = 1) -> float:
    """What one of `times` takes."""
    started = time.perf_counter()
    for _ in range(times):
        await work()
    return (time.perf_counter() - started) / times


async def node_in_a_row(means: Means, short: Pipeline, long: Pipeline) -> float:
    """The microseconds of a further node: a long row less a short one. The rounds of both alternate."""
    times = NODES_A_ROUND // LONG
    found = []
    for _ in range(ROUNDS + 1):
        shorter = await seconds_of(lambda: perform_once(short, means), times)
        longer = await seconds_of(lambda: perform_once(long, means), times)
        found.append((longer - shorter) / (LONG - SHORT) * 1e6)
    return statistics.median(found[1:])  # the first warms up


async def mapped(means: Means) -> float:
    """The seconds of a map whose items do nothing."""
    pipeline = map_over(MANY)
    return statistics.median([await seconds_of(lambda: perform_once(pipeline, means)) for _ in range(3)])


async def waiting_together(means: Means) -> float:
    """The resident memory of this process while many events wait. Taken first: memory is not given back."""
    gate = Gate(MANY)
    attempts = [asyncio.create_task(perform_once(gate.pipeline, means)) for _ in range(MANY)]
    await gate.crowded.wait()
    resident = psutil.Process().memory_info().rss / MEBIBYTE
    gate.opened.set()
    await asyncio.gather(*attempts)
    attempts.clear()
    gc.collect()  # what this left is no cost of the figures that follow
    return resident


async def measure() -> Mapping[str, float]:
    """All figures, by name."""
    threads = NodeThreads()
    means = Means(threads)
    try:
        held = await waiting_together(means)
        node = await node_in_a_row(means, row_of(SHORT), row_of(LONG))
        sync = await node_in_a_row(means, row_of(SHORT, LightSyncNode), row_of(LONG, LightSyncNode))
        return {NODE: node, SYNC_NODE: sync, MAPPED: await mapped(means), HELD: held}
    finally:
        threads.close()


if __name__ == "__main__":
    print(orjson.dumps(asyncio.run(measure())).decode())
