"""From what is there to the arguments of a function."""

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.engine.plan import Input


def fill(inputs: Sequence[Input], *sources: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each input, from the first source that has it. One that none has keeps its default, else is None."""
    arguments: dict[str, Any] = {}
    for given in inputs:
        for source in sources:
            if given.name in source:
                arguments[given.name] = source[given.name]
                break
        else:
            if not given.has_default:
                arguments[given.name] = None
    return arguments
