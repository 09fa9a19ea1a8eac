import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.domain.outcome import Completed
from headrace.engine import Attempt, Means, Node, NodeThreads, Pipeline, perform
from headrace.engine.plan import leaves_of
from tests.engine.support import TicketOpened

#: By node, the nodes it waits for, each declared before or after it.
Graph = dict[int, set[int]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 9))
    graph = {node: draw(st.sets(st.integers(0, node - 1))) if node else set() for node in range(size)}
    order = draw(st.permutations(range(size)))
    return {node: graph[node] for node in order}


def pipeline_of(graph: Graph, seed: int, log: list[tuple[str, int]]) -> Pipeline:
    """Half of the nodes are sync, half of the edges are `after`; each node logs its start and its end."""
    dice = random.Random(seed)
    pipeline = Pipeline("graph", TicketOpened, register=False)
    for node, upstream in graph.items():
        taken = {other for other in upstream if dice.random() < 0.5}
        after = [f"n{other}" for other in upstream - taken]
        pipeline.node(after=after)(a_node(node, taken, log, is_async=dice.random() < 0.5))
    return pipeline


def a_node(number: int, taken: set[int], log: list[tuple[str, int]], *, is_async: bool) -> Any:
    parameters = ", ".join(f"n{other}" for other in sorted(taken))
    pause = "await asyncio.sleep(0)" if is_async else "pass"
    source = (
        f"{'async ' if is_async else ''}def n{number}({parameters}):\n"
        f"    log.append(('start', {number}))\n"
        f"    {pause}\n"
        f"    log.append(('end', {number}))\n"
        f"    return [{parameters}]\n"
    )
    names: dict[str, Any] = {"log": log, "asyncio": asyncio}
    exec(source, names)  # noqa: S102 - parameters are what a node takes, so they have to be made
    return names[f"n{number}"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), seed=st.integers(0, 10_000))
async def test_every_node_runs_exactly_once_and_after_what_it_waits_for(
    graph: Graph, seed: int, threads: NodeThreads
) -> None:
    log: list[tuple[str, int]] = []
    outcome = await perform(pipeline_of(graph, seed, log), TicketOpened(), Attempt(1), Means(threads))
    assert isinstance(outcome, Completed)
    assert Counter(log) == {(moment, node): 1 for moment in ("start", "end") for node in graph}
    for node, upstream in graph.items():
        for other in upstream:
            assert log.index(("end", other)) < log.index(("start", node))


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 10_000))
def test_an_added_node_waits_for_all_others(graph: Graph, seed: int) -> None:
    class Last(Node):
        def process(self) -> None: ...

    pipeline = pipeline_of(graph, seed, [])
    leaves = {f"n{node}" for node in graph if not any(node in upstream for upstream in graph.values())}
    pipeline.add_node(Last)
    last = pipeline.plan.steps[-1]
    assert last.spec.name == "last"
    assert set(last.upstream) == leaves
    assert leaves_of([step.spec for step in pipeline.plan.steps]) == ("last",)


@pytest.mark.parametrize("width", [50])
async def test_a_wide_graph_comes_together_again(width: int, threads: NodeThreads) -> None:
    graph: Graph = {0: set()} | {node: {0} for node in range(1, width)} | {width: set(range(1, width))}
    log: list[tuple[str, int]] = []
    outcome = await perform(pipeline_of(graph, 1, log), TicketOpened(), Attempt(1), Means(threads))
    assert isinstance(outcome, Completed)
    assert log[0] == ("start", 0)
    assert log[-1] == ("end", width)
