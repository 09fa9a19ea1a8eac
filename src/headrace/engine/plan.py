"""The order of a pipeline's nodes, worked out once and used for every event."""

import graphlib
import hashlib
import inspect
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from headrace.engine.codec import Codec, codec_of
from headrace.engine.kinds import list_of, optional
from headrace.engine.shapes import Finally, Join, Map, Plain, Wait
from headrace.engine.spec import CONTEXT, ERROR, EVENT, ITEM, NodeSpec, over_of


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter that is filled by name; where its node was skipped, it keeps its default or is None."""

    name: str
    has_default: bool


@dataclass(frozen=True)
class Step:
    """A node in its place: it waits for `missing` other steps, and `dependants` wait for it.

    `needs` are the steps without which this one is skipped. `version` changes with the node's version, its output type,
    and those of all nodes before it. `hop` is the step that can follow in the same hop to a thread.
    """

    spec: NodeSpec
    position: int
    upstream: tuple[str, ...]
    before: tuple[int, ...]
    missing: int
    dependants: tuple[int, ...]
    needs: frozenset[int]
    inputs: tuple[Input, ...]
    version: str
    codec: Codec
    item_codec: Codec
    fallback_inputs: tuple[Input, ...] = ()
    hop: int | None = None

    @cached_property
    def name(self) -> str:
        return self.spec.name

    @cached_property
    def takes_context(self) -> bool:
        """Whether the node can reach, and so change, the context."""
        return any(given.name == CONTEXT for given in (*self.inputs, *self.fallback_inputs))

    @cached_property
    def is_threaded(self) -> bool:
        """Whether it is a plain sync function that needs nothing opened."""
        spec = self.spec
        is_plain = isinstance(spec.shape, Plain) and not spec.injected and not spec.options.process
        return is_plain and not spec.is_async


@dataclass(frozen=True)
class Plan:
    """A pipeline's steps, each behind those that it waits for; `endings` run at the end."""

    pipeline: str
    version: str
    steps: tuple[Step, ...]
    endings: tuple[int, ...]
    deadline_seconds: float | None = None

    @cached_property
    def takes_context(self) -> bool:
        """Whether a node can reach, and so change, the context."""
        return any(step.takes_context for step in self.steps)

    @cached_property
    def missing(self) -> tuple[int, ...]:
        """For how many others each step waits."""
        return tuple(step.missing for step in self.steps)

    @cached_property
    def openings(self) -> tuple[int, ...]:
        """The steps that wait for none, but for those at the end."""
        main = self.steps[: len(self.steps) - len(self.endings)]
        return tuple(step.position for step in main if not step.missing)

    @property
    def label(self) -> str:
        """What a run notes of the pipeline that it follows."""
        return f"{self.pipeline}@{self.version}"


def plan_of(
    pipeline: str, specs: Sequence[NodeSpec], version: str = "1", deadline_seconds: float | None = None
) -> Plan:
    """The plan of nodes that have no mistakes; what is free in the order follows the declaration."""
    upstream = upstream_of(specs)
    endings = [spec.name for spec in specs if isinstance(spec.shape, Finally)]
    order = [name for name in graphlib.TopologicalSorter(upstream).static_order() if name not in endings] + endings
    position = {name: index for index, name in enumerate(order)}
    by_name = {spec.name: spec for spec in specs}
    codecs = {name: codecs_of(by_name[name]) for name in order}
    versions: dict[str, str] = {}
    for name in order:
        versions[name] = _version(by_name[name], codecs[name][0], [versions[other] for other in upstream[name]])
    steps = [
        Step(
            spec=by_name[name],
            position=position[name],
            upstream=upstream[name],
            before=tuple(position[other] for other in upstream[name]),
            missing=len(upstream[name]),
            dependants=tuple(position[other] for other in order if name in upstream[other] and other not in endings),
            needs=frozenset(position[other] for other in needs_of(by_name[name], upstream[name])),
            inputs=_inputs(by_name[name], by_name),
            version=versions[name],
            codec=codecs[name][0],
            item_codec=codecs[name][1],
            fallback_inputs=_fallback_inputs(by_name[name], by_name),
        )
        for name in order
    ]
    return Plan(
        pipeline=pipeline,
        version=version,
        steps=tuple(replace(step, hop=_hop(step, steps)) for step in steps),
        endings=tuple(position[name] for name in endings),
        deadline_seconds=deadline_seconds,
    )


def upstream_of(specs: Sequence[NodeSpec]) -> dict[str, tuple[str, ...]]:
    """By node, the nodes that it waits for: those whose output it takes, then those it names in `after`."""
    names = {spec.name for spec in specs}
    return {spec.name: tuple(name for name in dict.fromkeys(_awaited(spec)) if name in names) for spec in specs}


def leaves_of(specs: Sequence[NodeSpec]) -> tuple[str, ...]:
    """The names of the nodes that no other waits for."""
    awaited = {name for names in upstream_of(specs).values() for name in names}
    return tuple(spec.name for spec in specs if spec.name not in awaited and not isinstance(spec.shape, Finally))


def names_after(plan: Plan, name: str) -> frozenset[str]:
    """A node, all that wait for it directly or through others, and what runs at the end; none if it is no node here."""
    after: set[str] = {name} & {step.name for step in plan.steps}
    for step in plan.steps:
        if after.intersection(step.upstream):
            after.add(step.name)
    return frozenset(after | {plan.steps[at].name for at in plan.endings}) if after else frozenset()


def codecs_of(spec: NodeSpec) -> tuple[Codec, Codec]:
    """The codecs of the node's whole output and of one item: the same but for a map."""
    item = codec_of(spec.output_type)
    return (codec_of(list_of(optional(spec.output_type))) if isinstance(spec.shape, Map) else item), item


def _awaited(spec: NodeSpec) -> Iterator[str]:
    """Every name of the kinds that may be a node's."""
    match spec.shape:
        case Map() as shape:
            yield over_of(shape) or EVENT
        case Wait(key=key):
            yield key.partition(".")[0]
        case Join(first=first):
            yield from first
        case _:
            pass
    for part in (spec, spec.fallback):
        if part is not None:
            yield from (parameter.name for parameter in part.inputs if parameter.name not in part.injected)
    yield from spec.after


def needs_of(spec: NodeSpec, upstream: Sequence[str]) -> list[str]:
    """The nodes without which this one is skipped: none for a join, which takes what there is."""
    if isinstance(spec.shape, (Join, Finally)):
        return []
    with_default = {parameter.name for parameter in spec.inputs if parameter.default is not inspect.Parameter.empty}
    return [name for name in upstream if name not in with_default or name in spec.after]


def given_names(spec: NodeSpec) -> tuple[str, ...]:
    """The parameters of a node's function that are filled by Headrace itself."""
    match spec.shape:
        case Map():
            return (EVENT, CONTEXT, ITEM)
        case Finally():
            return (EVENT, CONTEXT, ERROR)
        case _:
            return (EVENT, CONTEXT)


def _inputs(spec: NodeSpec, by_name: Mapping[str, NodeSpec]) -> tuple[Input, ...]:
    return _filled(spec, {*given_names(spec), *by_name})


def _fallback_inputs(spec: NodeSpec, by_name: Mapping[str, NodeSpec]) -> tuple[Input, ...]:
    return () if spec.fallback is None else _filled(spec.fallback, {*given_names(spec), ERROR, *by_name})


def _filled(spec: NodeSpec, given: Collection[str]) -> tuple[Input, ...]:
    """The parameters that are filled by name; one with a default that names nothing keeps its default."""
    return tuple(
        Input(parameter.name, parameter.default is not inspect.Parameter.empty)
        for parameter in spec.inputs
        if parameter.name in given and parameter.name not in spec.injected
    )


def _version(spec: NodeSpec, codec: Codec, before: Sequence[str]) -> str:
    described = json.dumps([spec.name, str(spec.options.version), codec.fingerprint, sorted(before)])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def _hop(step: Step, steps: Sequence[Step]) -> int | None:
    """The step that alone follows, and waits for this one alone, if both are plain functions for a thread.

    None where one takes the context: what a hop did stands there only after the hop.
    """
    if len(step.dependants) != 1:
        return None
    following = steps[step.dependants[0]]
    fits = all(one.is_threaded and not one.takes_context for one in (step, following))
    return following.position if fits and following.missing == 1 else None
