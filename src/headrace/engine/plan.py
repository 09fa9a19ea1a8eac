"""The order of a pipeline's nodes, worked out once and used for every event."""

import graphlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.engine.node import CONTEXT, EVENT, NodeSpec


@dataclass(frozen=True, slots=True)
class Step:
    """A node in its place: it waits for `missing` other steps, and `dependants` wait for it."""

    spec: NodeSpec
    inputs: tuple[str, ...]
    upstream: tuple[str, ...]
    missing: int
    dependants: tuple[int, ...]

    @property
    def takes_context(self) -> bool:
        """Whether the node can reach, and so change, the context."""
        return CONTEXT in self.inputs


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline's steps, each behind those that it waits for; `roots` can start at once."""

    pipeline: str
    steps: tuple[Step, ...]
    roots: tuple[int, ...]


def plan_of(pipeline: str, specs: Sequence[NodeSpec]) -> Plan:
    """The plan of nodes that have no mistakes; what is free in the order follows the declaration."""
    upstream = upstream_of(specs)
    by_name = {spec.name: spec for spec in specs}
    order = list(graphlib.TopologicalSorter(upstream).static_order())
    position = {name: index for index, name in enumerate(order)}
    steps = tuple(
        Step(
            spec=by_name[name],
            inputs=_inputs(by_name[name], by_name),
            upstream=upstream[name],
            missing=len(upstream[name]),
            dependants=tuple(sorted(position[other] for other in order if name in upstream[other])),
        )
        for name in order
    )
    return Plan(pipeline, steps, tuple(index for index, step in enumerate(steps) if not step.missing))


def upstream_of(specs: Sequence[NodeSpec]) -> dict[str, tuple[str, ...]]:
    """By node, the nodes that it waits for: those whose output it takes, then those it names in `after`."""
    names = {spec.name for spec in specs}
    return {
        spec.name: tuple(
            name
            for name in dict.fromkeys([*(parameter.name for parameter in spec.inputs), *spec.after])
            if name in names
        )
        for spec in specs
    }


def leaves_of(specs: Sequence[NodeSpec]) -> tuple[str, ...]:
    """The names of the nodes that no other waits for."""
    awaited = {name for names in upstream_of(specs).values() for name in names}
    return tuple(spec.name for spec in specs if spec.name not in awaited)


def _inputs(spec: NodeSpec, by_name: Mapping[str, NodeSpec]) -> tuple[str, ...]:
    """The parameters that are filled; one with a default that names no node keeps its default."""
    names = (parameter.name for parameter in spec.inputs)
    return tuple(name for name in names if name in (EVENT, CONTEXT) or name in by_name)
