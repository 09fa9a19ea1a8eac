"""Running one event before somebody's eyes: nothing is stored, nothing is tried again, no time is let pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Literal

from headrace.domain.event import NewEvent
from headrace.domain.outcome import Backoff
from headrace.domain.progress import Checkpoint, Kept
from headrace.engine.attempt.execution import Execution
from headrace.engine.attempt.means import Means, TakeOutput
from headrace.engine.attempt.retries import Attempt
from headrace.engine.attempt.routing import named
from headrace.engine.injection.resources import Resources
from headrace.engine.json_form import to_json
from headrace.engine.pipeline import Pipeline
from headrace.engine.places.inline import InlineThreads
from headrace.engine.plan import Plan, codecs_of, plan_of, upstream_of
from headrace.engine.schema import EventSchema
from headrace.engine.shapes import PLAIN, Router, Sleep
from headrace.engine.spec import NodeSpec
from headrace.engine.traces.leaving import TakeNote

#: The metadata of a branch that is not looked at.
LEFT_OUT = b'{"state":"left out"}'


@dataclass(frozen=True, slots=True)
class Seen:
    """What an event came to. `node` and `error` are those of a failure, `context` is JSON, `waiting` names nodes."""

    state: Literal["succeeded", "failed", "waiting"]
    context: bytes
    node: str | None = None
    error: BaseException | None = None
    emitted: Sequence[NewEvent] = ()
    waiting: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Foreground:
    """What is run: all nodes, or one and those that it needs; what `kept` has is not called."""

    plan: Plan
    kept: Kept

    async def run(self, event: EventSchema, take_output: TakeOutput, take_note: TakeNote) -> Seen:
        """Call the nodes on this loop, sync ones in its thread. No error of a node is raised."""
        resources = Resources()
        means = Means(
            InlineThreads(), resources=resources, take_note=take_note, take_output=take_output, is_patient=True
        )
        execution = Execution(self.plan, event, Attempt(number=1, kept=self.kept), means)
        try:
            failure = await execution.run() or execution.stepper.newest
        finally:
            await resources.close()
        context, emitted = execution.journal.to_json(), execution.journal.emitted
        if failure is not None:
            return Seen("failed", context, failure.node, failure.error, emitted)
        if execution.pauses:
            return Seen("waiting", context, emitted=emitted, waiting=[pause.node for pause in execution.pauses.all()])
        return Seen("succeeded", context, emitted=emitted)


def foreground_of(pipeline: Pipeline, context: Mapping[str, Any] | None = None, node: str | None = None) -> Foreground:
    """The pipeline as it is run in the foreground: without retries and sleeps, in this process alone.

    The outputs in `context`, a stored task_context, are taken as they are, but for that of `node`, which is a name of
    the pipeline's. Raises PipelineInvalid.
    """
    pipeline.check()
    specs = {spec.name: _plain(spec) for spec in pipeline.specs}
    known = {} if context is None else _known(specs, context.get("nodes", {}), node)
    left_out: set[str] = set()
    if node is not None:
        specs[node] = _asked_for(specs[node], specs)
        specs, left_out = _needed(specs, known, node)
    plan = plan_of(pipeline.name, list(specs.values()), str(pipeline.version))
    plan = replace(plan, steps=tuple(replace(step, hop=None) for step in plan.steps))  # each output is told at once
    times = {} if context is None else context.get("metadata", {}).get("nodes", {})
    kept = [
        Checkpoint(step.name, step.version, known[step.name], _times(times.get(step.name, {}), node))
        for step in plan.steps
        if step.name in known
    ]
    kept += [Checkpoint(step.name, step.version, None, LEFT_OUT) for step in plan.steps if step.name in left_out]
    return Foreground(plan, Kept(kept))


def _plain(spec: NodeSpec) -> NodeSpec:
    shape = Sleep(0.0) if isinstance(spec.shape, Sleep) else spec.shape
    return replace(spec, shape=shape, backoff=Backoff(()), options=replace(spec.options, process=False))


def _known(specs: Mapping[str, NodeSpec], outputs: Mapping[str, Any], node: str | None) -> dict[str, bytes]:
    """The outputs that still fit their nodes, as JSON."""
    known: dict[str, bytes] = {}
    for name, output in outputs.items():
        if name == node or name not in specs:
            continue
        encoded = to_json(output)
        try:
            codecs_of(specs[name])[0].read(encoded)
        except ValueError:
            continue
        known[name] = encoded
    return known


def _needed(
    specs: Mapping[str, NodeSpec], known: Mapping[str, bytes], node: str
) -> tuple[dict[str, NodeSpec], set[str]]:
    """The node and what is before it, up to what is known; and the other branches of its routers, to be left out."""
    upstream = upstream_of(list(specs.values()))
    needed, ahead = {node}, [node]
    while ahead:
        before = [name for name in upstream[ahead.pop()] if name not in needed]
        needed.update(before)
        ahead += [name for name in before if name not in known]
    routers = {name for name in needed if isinstance(specs[name].shape, Router)}
    left_out = {name for name in specs if name not in needed and routers.intersection(upstream[name])}
    return {name: spec for name, spec in specs.items() if name in needed or name in left_out}, left_out


def _asked_for(spec: NodeSpec, specs: Mapping[str, NodeSpec]) -> NodeSpec:
    """The node without the routers that it only stands behind: it is run whatever they choose.

    A router is a plain node then, which returns the names that it chose.
    """
    spec = replace(spec, after=tuple(name for name in spec.after if not isinstance(specs[name].shape, Router)))
    if not isinstance(spec.shape, Router):
        return spec

    @wraps(spec.function)
    async def choose_on_loop(**arguments: Any) -> Any:
        return named(await spec.function(**arguments))

    @wraps(spec.function)
    def choose(**arguments: Any) -> Any:
        return named(spec.function(**arguments))

    return replace(spec, function=choose_on_loop if spec.is_async else choose, shape=PLAIN)


def _times(times: Mapping[str, Any], node: str | None) -> bytes:
    """The node's metadata. One that let the run end early does not keep a node from running that is asked for."""
    return to_json({name: value for name, value in times.items() if node is None or name != "finishes"})
