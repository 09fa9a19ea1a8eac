"""A mistake in a pipeline, as it is told."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: where it is, what was found there, what was wanted, and how it is put right."""

    found: str
    wanted: str
    hint: str
    node: str | None = None
    parameter: str | None = None

    def told(self, pipeline: str) -> str:
        """The mistake as one line."""
        place = f"pipeline {pipeline!r}"
        if self.node is not None:
            place += f", node {self.node!r}"
        if self.parameter is not None:
            place += f", parameter {self.parameter!r}"
        return f"{place}: found {self.found}; wanted {self.wanted}; hint: {self.hint}"


def unknown(node: str, name: str, known: Sequence[str], parameter: str) -> Mistake:
    """A name that is nothing, with the nearest that is something."""
    close = difflib.get_close_matches(name, known, n=1)
    return Mistake(
        f"{name!r}, which is no node",
        "one of " + ", ".join(name for name in known if name != node),
        f"did you mean {close[0]!r}?" if close else "declare the node, or drop this input",
        node,
        parameter,
    )


def shown(kind: Any) -> str:
    """A type as its author wrote it."""
    if get_origin(kind) in (Union, UnionType):
        return " | ".join("None" if part is NoneType else shown(part) for part in get_args(kind))
    if isinstance(kind, type) and not hasattr(kind, "__args__"):
        return kind.__name__
    return str(kind).replace("typing.", "")
