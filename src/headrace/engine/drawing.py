"""A plan as people see it: a Mermaid drawing and a description for the API."""

from typing import Any

from headrace.engine.plan import Plan

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


def mermaid(plan: Plan, event_type: str) -> str:
    """A flowchart, from the event down; a dotted arrow is an `after` that hands nothing over."""
    label = event_type.replace('"', "#quot;")
    lines = ["flowchart TD", f'    event(["{label}"])']
    for step in plan.steps:
        name = step.spec.name
        if name != _identifier(name):
            lines.append(f'    {_identifier(name)}["{name}"]')
        if not step.upstream:
            lines.append(f"    event --> {_identifier(name)}")
        for other in step.upstream:
            arrow = "-->" if other in step.inputs else "-.->"
            lines.append(f"    {_identifier(other)} {arrow} {_identifier(name)}")
    return "\n".join(lines)


def describe_nodes(plan: Plan) -> list[dict[str, Any]]:
    """Each node in the order of the plan, as JSON: what it takes, what it waits for, how it is retried."""
    return [
        {
            "name": step.spec.name,
            "inputs": list(step.inputs),
            "after": list(step.spec.after),
            "mode": "async" if step.spec.is_async else "sync",
            "retries": len(step.spec.backoff.delays_seconds),
            "backoff_seconds": list(step.spec.backoff.delays_seconds),
            "timeout_seconds": step.spec.timeout_seconds,
        }
        for step in plan.steps
    ]


def _identifier(name: str) -> str:
    return f"{name}_" if name.lower() in _MERMAID_WORDS else name
