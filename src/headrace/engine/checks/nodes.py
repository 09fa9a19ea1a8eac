"""Mistakes that a node makes by itself: its name, its options, its function."""

import inspect
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headrace.engine.attempt.outputs import checked
from headrace.engine.checks.injection import injection_mistakes
from headrace.engine.checks.mistake import Mistake, shown
from headrace.engine.codec import codec_of
from headrace.engine.injection.markers import Resource
from headrace.engine.json_form import may_have_json_form
from headrace.engine.node import Node
from headrace.engine.options import Fallback
from headrace.engine.places.importable import process_problem
from headrace.engine.shapes import Router
from headrace.engine.spec import CONTEXT, ERROR, EVENT, ITEM, NodeSpec
from headrace.errors import Permanent

#: Parameters that cannot be filled by name, and how they are shown.
UNNAMED: Mapping[Any, str] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only ",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def node_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    """All of them."""
    yield from _name_mistakes(spec)
    yield from _option_mistakes(spec)
    yield from _function_mistakes(spec)
    yield from _process_mistakes(spec)
    yield from _on_error_mistakes(spec)
    for found in injection_mistakes({name: spec.annotations[name] for name in spec.injected}):
        yield Mistake(found.found, found.wanted, found.hint, spec.name, found.parameter)


def repeated_names(specs: Sequence[NodeSpec]) -> Iterator[Mistake]:
    """Names that several nodes have."""
    for name, count in Counter(spec.name for spec in specs).items():
        if count > 1:
            yield Mistake(f"{count} nodes of this name", "one", "rename the others, or set `name`", name)


def _name_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    if spec.name in (EVENT, CONTEXT, ITEM, ERROR):
        yield Mistake(f"the name {spec.name!r}", "another name", "that parameter is taken", spec.name)
    elif not spec.name.isidentifier():
        yield Mistake(f"the name {spec.name!r}", "a name that can be a parameter", "use def, or set `name`", spec.name)


def _option_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    options = spec.options
    if options.retries is not None and options.retries < 0:
        yield Mistake(f"retries={options.retries}", "0 or more", "0 means one call in all", spec.name)
    if not (math.isfinite(options.timeout_seconds) and options.timeout_seconds > 0):
        yield Mistake(
            f"timeout_seconds={options.timeout_seconds}", "a number above 0", "leave it out for 300 seconds", spec.name
        )
    if not all(math.isfinite(delay) and delay >= 0 for delay in options.backoff or ()):
        yield Mistake(f"backoff={options.backoff}", "seconds, each 0 or more", "as in backoff=[1, 30]", spec.name)
    for kind in options.retry_on:
        if not _is_error_class(kind):
            yield Mistake(f"{kind!r} in retry_on", "an exception class", "as in retry_on=[KeyError]", spec.name)


def _is_error_class(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _function_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    if inspect.isgeneratorfunction(spec.function) or inspect.isasyncgenfunction(spec.function):
        yield Mistake("a function that yields", "one that returns its output", "return a list", spec.name)
    if not isinstance(spec.shape, Router) and not may_have_json_form(spec.output_type):
        yield Mistake(
            f"the output type {shown(spec.output_type)}",
            "a type with a JSON form",
            "return a dict, a dataclass or a pydantic model",
            spec.name,
        )
    for parameter in spec.inputs:
        if parameter.kind in UNNAMED:
            yield Mistake(
                UNNAMED[parameter.kind] + parameter.name,
                "a plain parameter",
                "inputs are given by name: event, context, or a node's name",
                spec.name,
                parameter.name,
            )


def _process_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    if not spec.options.process:
        return
    bound = isinstance(getattr(spec.function, "__self__", None), Node)
    problem = "a method of a node's class" if bound else process_problem(spec.function)
    if problem is not None:
        yield Mistake(
            f"process=True on {problem}",
            "a function of a module",
            "a process finds it by its module and name",
            spec.name,
        )
    for parameter in spec.inputs:
        is_resource = isinstance(spec.injected.get(parameter.name), Resource)
        if parameter.name == CONTEXT or is_resource:
            yield Mistake(
                f"{parameter.name!r} with process=True",
                "what JSON can carry, or a secret",
                "a process of its own has no share in it: open it there, or take a node's output",
                spec.name,
                parameter.name,
            )


def _on_error_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    given = spec.options.on_error
    if isinstance(given, Fallback):
        try:
            codec_of(spec.output_type).read(checked(spec.name, given.value))
        except (ValueError, Permanent):
            yield Mistake(
                f"on_error={given!r}",
                f"a value like the node's own, {shown(spec.output_type)}",
                "it takes the place of the output",
                spec.name,
            )
    elif spec.fallback is None and given not in ("fail", "skip"):
        yield Mistake(
            f"on_error={given!r}", '"fail", "skip", Fallback(…) or a function', 'leave it out for "fail"', spec.name
        )
