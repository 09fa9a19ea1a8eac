"""A plan as people see it: a Mermaid drawing and a description for the API."""

from collections.abc import Iterator, Mapping
from typing import Any

from headrace.engine.checks.mistake import shown
from headrace.engine.plan import Plan, Step
from headrace.engine.schema import EventSchema
from headrace.engine.shapes import Finally, Join, Map, Router, Sleep, Wait
from headrace.engine.spec import over_of

#: Words that Mermaid takes for its own where a node's name should stand.
_MERMAID_WORDS = frozenset(
    {
        "end",
        "graph",
        "subgraph",
        "flowchart",
        "class",
        "classdef",
        "click",
        "default",
        "direction",
        "style",
        "linkstyle",
    }
)


#: How a drawing of a run marks what became of a node.
_MARKS = {
    "succeeded": "fill:#d5f5e3,stroke:#1e8449",
    "skipped": "fill:#f2f3f4,stroke:#909497,stroke-dasharray:4",
    "failed": "fill:#fadbd8,stroke:#b03a2e",
    "waiting": "fill:#fcf3cf,stroke:#b7950b",
}


def mermaid(plan: Plan, event_type: str, run: Mapping[str, Any] | None = None) -> str:
    """A flowchart, from the event down; a dotted arrow is an `after` that hands nothing over.

    `run` is the `metadata` of a task context: each node is marked by its state.
    """
    label = event_type.replace('"', "#quot;")
    lines = ["flowchart TD", f'    event(["{label}"])']
    for step in plan.steps:
        name = step.name
        if (shown := _shown(step)) is not None:
            lines.append(f"    {_identifier(name)}{shown}")
        if not step.upstream:
            lines.append(f"    event --> {_identifier(name)}")
        lines += [f"    {_identifier(other)} {_arrow(step, other)} {_identifier(name)}" for other in step.upstream]
    return "\n".join([*lines, *(_marks(plan, run) if run is not None else ())])


def describe_fields(schema: type[EventSchema]) -> list[dict[str, Any]]:
    """Each field of a class of events, as JSON, by the name that it has in an event; `type` is what Python calls it."""
    return [
        {"name": field.alias or name, "type": shown(field.annotation), "required": field.is_required()}
        for name, field in schema.model_fields.items()
        if name != "type"
    ]


def describe_nodes(plan: Plan) -> list[dict[str, Any]]:
    """Each node in the order of the plan, as JSON: what it takes, what it waits for, how it is retried."""
    return [
        {
            "name": step.name,
            "shape": type(step.spec.shape).__name__.lower(),
            "inputs": [given.name for given in step.inputs],
            "after": list(step.spec.after),
            "upstream": list(step.upstream),
            "mode": _mode(step),
            "retries": len(step.spec.backoff.delays_seconds),
            "backoff_seconds": list(step.spec.backoff.delays_seconds),
            "timeout_seconds": step.spec.timeout_seconds,
            **_details(step),
        }
        for step in plan.steps
    ]


def _mode(step: Step) -> str:
    if isinstance(step.spec.shape, (Sleep, Wait)):
        return "waiting"
    if step.spec.options.process:
        return "process"
    return "async" if step.spec.is_async else "sync"


def _details(step: Step) -> dict[str, Any]:
    match step.spec.shape:
        case Map(over, limit):
            return {"over": over, "limit": limit}
        case Join(first) if first:
            return {"any": list(first)}
        case Sleep(seconds):
            return {"seconds": seconds}
        case Wait(awaited, key, timeout):
            return {"type": awaited, "key": key, "wait_seconds": timeout}
        case _:
            return {}


def _shown(step: Step) -> str | None:
    """The form of a node whose form or name is not the plain one."""
    match step.spec.shape:
        case Router():
            return f'{{"{step.name}"}}'
        case Map():
            return f'[["{step.name}"]]'
        case Sleep() | Wait():
            return f'(("{step.name}"))'
        case Finally():
            return f'[/"{step.name}"/]'
        case _:
            return None if step.name == _identifier(step.name) else f'["{step.name}"]'


def _arrow(step: Step, other: str) -> str:
    hands_over = any(given.name == other for given in step.inputs)
    hands_over = hands_over or (isinstance(step.spec.shape, Map) and over_of(step.spec.shape) == other)
    return "-->" if hands_over else "-.->"


def _marks(plan: Plan, run: Mapping[str, Any]) -> Iterator[str]:
    states = {step.name: run.get("nodes", {}).get(step.name, {}).get("state") for step in plan.steps}
    for state, style in _MARKS.items():
        names = ",".join(_identifier(name) for name, found in states.items() if found == state)
        if names:
            yield f"    classDef {state} {style}"
            yield f"    class {names} {state}"


def _identifier(name: str) -> str:
    return f"{name}_" if name.lower() in _MERMAID_WORDS else name
