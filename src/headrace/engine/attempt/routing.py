"""What a router returned, as names of the nodes that run."""

from collections.abc import Sequence
from typing import Any

from headrace.engine.attempt.done import Done
from headrace.engine.node import name_of
from headrace.engine.plan import Plan, Step
from headrace.errors import UnknownBranch


def named(output: Any) -> list[str] | str | None:
    """What a router returned, with names in place of nodes."""
    if isinstance(output, (list, tuple, set, frozenset)):
        return [_name(target) for target in output if target is not None]
    return None if output is None else _name(output)


def check_choice(plan: Plan, step: Step, done: Done) -> None:
    """Raises UnknownBranch where a router chose what is not directly behind it."""
    branches = [plan.steps[position].name for position in step.dependants]
    for name in chosen_names(done.output):
        if name not in branches:
            raise UnknownBranch(f"router {step.name!r} chose {name!r}; behind it are {', '.join(map(repr, branches))}")


def chosen_names(output: Any) -> Sequence[str]:
    """The names in a router's output."""
    if output is None:
        return ()
    return [output] if isinstance(output, str) else list(output)


def _name(target: Any) -> str:
    return target if isinstance(target, str) else name_of(target)
