"""Whatever fails and whoever dies: no kept node is run again, and the outputs are those of a run without trouble."""

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.domain.outcome import Completed
from headrace.engine import NodeThreads, Pipeline
from tests.engine.attempt.test_graphs import Graph, graphs
from tests.engine.support import LongRun, TicketOpened, VirtualClock, Worker, context_of


@dataclass
class Troubles:
    """Decides which call fails, and counts the calls; a call of a node that is kept is a fault."""

    seed: int
    share: float
    calls: Counter[str] = field(default_factory=Counter)
    run: LongRun | None = None

    def call(self, name: str) -> None:
        if self.run is not None:
            assert (name, -1) not in self.run.checkpoints, f"{name} was kept and is called again"
        self.calls[name] += 1
        if random.Random(f"{self.seed}/{name}/{self.calls[name]}").random() < self.share:
            raise OSError(name)


def pipeline_of(graph: Graph, seed: int, troubles: Troubles) -> Pipeline:
    """Each node returns its number and what it takes; some of them are sync, some say `checkpoint=True`."""
    pipeline = Pipeline("graph", TicketOpened, register=False)
    for node, upstream in graph.items():
        dice = random.Random(f"{seed}/{node}")
        backoff = dice.choice([[0.0] * 200, [30.0] * 200])
        pipeline.node(backoff=backoff, checkpoint=dice.random() < 0.5)(
            a_node(node, upstream, troubles, is_async=dice.random() < 0.6)
        )
    return pipeline


def a_node(number: int, taken: set[int], troubles: Troubles, *, is_async: bool) -> Any:
    parameters = ", ".join(f"n{other}: list" for other in sorted(taken))
    values = ", ".join(f"n{other}" for other in sorted(taken))
    pause = "await asyncio.sleep(0)" if is_async else "pass"
    source = (
        f"{'async ' if is_async else ''}def n{number}({parameters}) -> list:\n"
        f"    {pause}\n"
        f"    troubles.call('n{number}')\n"
        f"    {pause}\n"
        f"    return [{number}, {values}]\n"
    )
    names: dict[str, Any] = {"troubles": troubles, "asyncio": asyncio}
    exec(source, names)  # noqa: S102 - parameters are what a node takes, so they have to be made
    return names[f"n{number}"]


async def disturbed(run: LongRun, clock: VirtualClock, dice: random.Random) -> dict[str, Any]:
    """The outputs, after attempts that end by themselves, are cancelled after some steps, or die unsettled."""
    while run.number < 300:
        kind = dice.choice(["whole", "cancelled", "crashed"]) if run.number < 20 else "whole"
        attempt = asyncio.create_task(run.attempt() if kind != "crashed" else run.try_once())
        if kind != "whole":
            for _ in range(1 + dice.randrange(60)):
                await asyncio.sleep(0)
            attempt.cancel()
        outcome = await attempt
        if isinstance(outcome, Completed) and kind != "crashed":
            nodes: dict[str, Any] = context_of(outcome)["nodes"]
            return nodes
        clock.move(40)
    raise AssertionError("the run never ends")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), seed=st.integers(0, 10_000), share=st.sampled_from([0.0, 0.2, 0.5]))
async def test_a_kept_node_is_never_run_again_and_the_outputs_are_the_same(
    graph: Graph, seed: int, share: float, threads: NodeThreads
) -> None:
    clock = VirtualClock()
    worker = Worker(threads, clock=clock)
    untroubled = await worker.completed(pipeline_of(graph, seed, Troubles(seed, 0.0)))
    troubles = Troubles(seed, share)
    run = troubles.run = LongRun(worker, pipeline_of(graph, seed, troubles))
    assert await disturbed(run, clock, random.Random(seed)) == untroubled["nodes"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(retries=st.integers(0, 4), items=st.integers(1, 4), seed=st.integers(0, 1000))
async def test_a_node_that_always_fails_is_called_once_and_once_more_for_each_retry_over_all_attempts(
    retries: int, items: int, seed: int, threads: NodeThreads
) -> None:
    pipeline, clock = Pipeline("tickets", TicketOpened, register=False), VirtualClock()
    calls: Counter[int] = Counter()
    delays = random.Random(seed).choices([0.0, 30.0], k=retries)

    @pipeline.node
    async def source(event: TicketOpened) -> list[int]:
        return list(range(items))

    @pipeline.map(over=source, backoff=delays, on_error="skip")
    async def each(item: int) -> int:
        calls[item] += 1
        raise OSError

    run = LongRun(Worker(threads, clock=clock), pipeline)
    for _ in itertools.count():
        outcome = await run.attempt()
        if isinstance(outcome, Completed):
            break
        clock.move(30)
    assert context_of(outcome)["nodes"]["each"] == [None] * items
    assert calls == dict.fromkeys(range(items), retries + 1)
    assert run.number == 1 + delays.count(30.0)
