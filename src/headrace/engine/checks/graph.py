"""Mistakes of the graph as a whole: cycles, and nodes that can never run."""

import graphlib
from collections.abc import Iterator, Sequence
from typing import get_origin

from headrace.engine.checks.inputs import Specs
from headrace.engine.checks.mistake import Mistake
from headrace.engine.checks.shapes import Upstream, choices_of
from headrace.engine.checks.types import without_none
from headrace.engine.plan import needs_of, upstream_of
from headrace.engine.shapes import Router
from headrace.engine.spec import NodeSpec


def graph_mistakes(specs: Sequence[NodeSpec]) -> Iterator[Mistake]:
    """All of them."""
    upstream = upstream_of(specs)
    cycles = list(_cycles(upstream))
    yield from cycles
    if not cycles:
        order = list(graphlib.TopologicalSorter(upstream).static_order())
        yield from _unreachable({spec.name: spec for spec in specs}, upstream, order)


def _cycles(upstream: Upstream) -> Iterator[Mistake]:
    """One after the other: what was found is taken out, until nothing goes round any more."""
    try:
        graphlib.TopologicalSorter(upstream).prepare()
    except graphlib.CycleError as error:
        names = list(reversed(error.args[1]))
        yield Mistake(
            f"a cycle: {' → '.join(names)}",
            "nodes that do not wait for each other",
            "drop one of these inputs",
            names[0],
        )
        left = {name: before for name, before in upstream.items() if name not in names}
        yield from _cycles({name: [other for other in before if other in left] for name, before in left.items()})


def _unreachable(specs: Specs, upstream: Upstream, order: Sequence[str]) -> Iterator[Mistake]:
    """Nodes that need what a router never chooses together. `branches` are those that a node lies on, by router."""
    branches: dict[str, dict[str, set[str]]] = {}
    for name in order:
        own = branches[name] = {}
        for other in needs_of(specs[name], upstream[name]):
            if _chooses_one(specs[other]):
                own.setdefault(other, set()).add(name)
            for router, chosen in branches[other].items():
                own.setdefault(router, set()).update(chosen)
        for router, chosen in own.items():
            if len(chosen) > 1:
                yield Mistake(
                    f"a node that needs {' and '.join(map(repr, sorted(chosen)))}, of which {router!r} chooses one",
                    "a node that can be reached",
                    "make it a join, or give these inputs a default",
                    name,
                )
                branches[name] = {}
                break


def _chooses_one(spec: NodeSpec) -> bool:
    if not isinstance(spec.shape, Router):
        return False
    kind = without_none(spec.types.get("return"))
    return kind is str or (choices_of(spec) is not None and get_origin(kind) not in (list, tuple, set))
