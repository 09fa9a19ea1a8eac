"""A node as users write it: a function, or an instance of a class with `process`."""

import re
from collections.abc import Callable, Sequence
from typing import Any

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Node:
    """A node as a class: write `def process(self, event, …)` or `async def process(self, event, …)`.

    Its parameters are its inputs, as for a function. `name` is the class's name in snake case, without a
    trailing `Node`, unless the class or an instance says otherwise.
    """

    name: str
    process: Callable[..., Any]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "name" not in cls.__dict__:
            cls.name = _WORD_BREAK.sub("_", cls.__name__.removesuffix("Node") or cls.__name__).lower()


#: What can be made a node.
NodeTarget = Callable[..., Any] | Node | type[Node]

#: A node or several, each given as itself or by its name.
Targets = Sequence[str | NodeTarget] | str | NodeTarget


def name_of(target: NodeTarget) -> str:
    """The name that a target has, or would have, as a node."""
    if isinstance(target, Node) or (isinstance(target, type) and issubclass(target, Node)):
        return target.name
    return str(getattr(target, "__name__", target))


def names_of(targets: Targets) -> list[str]:
    """The names of one node or several, each given as itself or by its name."""
    several = targets if isinstance(targets, Sequence) and not isinstance(targets, str) else [targets]
    return [target if isinstance(target, str) else name_of(target) for target in several]


class Pausing(Node):
    """A node that waits; what comes behind it names it in `after=`, or takes its output by its name."""

    def __init__(self, name: str) -> None:
        self.name = name
