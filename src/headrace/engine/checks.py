"""Every mistake of a pipeline's graph, told at once and before the first event."""

import difflib
import graphlib
import inspect
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.engine.context import TaskContext
from headrace.engine.json_form import may_have_json_form
from headrace.engine.node import CONTEXT, EVENT, NodeSpec
from headrace.engine.plan import upstream_of
from headrace.engine.schema import EventSchema

#: Parameters that cannot be filled by name, and how they are shown.
_UNNAMED: Mapping[Any, str] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only ",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


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


def mistakes_of(schema: type[EventSchema], specs: Sequence[NodeSpec]) -> list[Mistake]:
    """All mistakes of a pipeline; an empty list says that it can run."""
    by_name = {spec.name: spec for spec in specs}
    found = list(_schema_mistakes(schema))
    for spec in specs:
        found += _name_mistakes(spec)
        found += _option_mistakes(spec)
        found += _function_mistakes(spec)
        found += _input_mistakes(spec, schema, by_name)
        found += _after_mistakes(spec, by_name)
    found += _repeated_names(specs)
    found += _cycles(specs)
    return found


def _schema_mistakes(schema: type[EventSchema]) -> Iterator[Mistake]:
    try:
        schema.model_json_schema(mode="serialization")
    except Exception as error:  # noqa: BLE001 - a user's own schema hooks run here
        yield Mistake(
            f"a schema {schema.__name__} without a JSON schema ({error})",
            "fields that JSON can carry",
            "give the field a type that pydantic knows how to write",
        )


def _name_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    if spec.name in (EVENT, CONTEXT):
        yield Mistake(f"the name {spec.name!r}", "another name", "that parameter is taken", spec.name)
    elif not spec.name.isidentifier():
        yield Mistake(
            f"the name {spec.name!r}",
            "a name that can be a parameter",
            "use def, or set `name`",
            spec.name,
        )


def _option_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    options = spec.options
    if options.retries is not None and options.retries < 0:
        yield Mistake(f"retries={options.retries}", "0 or more", "0 means one call in all", spec.name)
    if not (math.isfinite(options.timeout_seconds) and options.timeout_seconds > 0):
        yield Mistake(
            f"timeout_seconds={options.timeout_seconds}",
            "a number above 0",
            "leave it out for 300 seconds",
            spec.name,
        )
    if not all(math.isfinite(delay) and delay >= 0 for delay in options.backoff or ()):
        yield Mistake(f"backoff={options.backoff}", "seconds, each 0 or more", "as in backoff=[1, 30]", spec.name)
    for kind in options.retry_on:
        if not _is_error_class(kind):
            yield Mistake(f"{kind!r} in retry_on", "an exception class", "as in retry_on=[KeyError]", spec.name)


def _function_mistakes(spec: NodeSpec) -> Iterator[Mistake]:
    if inspect.isgeneratorfunction(spec.function) or inspect.isasyncgenfunction(spec.function):
        yield Mistake("a function that yields", "one that returns its output", "return a list", spec.name)
    if not may_have_json_form(spec.output_type):
        yield Mistake(
            f"the output type {_shown(spec.output_type)}",
            "a type with a JSON form",
            "return a dict, a dataclass or a pydantic model",
            spec.name,
        )
    for parameter in spec.inputs:
        if parameter.kind in _UNNAMED:
            yield Mistake(
                _UNNAMED[parameter.kind] + parameter.name,
                "a plain parameter",
                "inputs are given by name: event, context, or a node's name",
                spec.name,
                parameter.name,
            )


def _input_mistakes(spec: NodeSpec, schema: type[EventSchema], by_name: Mapping[str, NodeSpec]) -> Iterator[Mistake]:
    given: dict[str, Any] = {EVENT: schema, CONTEXT: TaskContext}
    given |= {name: other.output_type for name, other in by_name.items()}
    for parameter in spec.inputs:
        name = parameter.name
        if name in given:
            wanted = spec.types.get(name, Any)
            if not _fits(given[name], wanted):
                yield _type_mistake(spec.name, name, given[name], wanted)
        elif parameter.default is inspect.Parameter.empty and parameter.kind not in _UNNAMED:
            yield _unknown(spec.name, name, [EVENT, CONTEXT, *by_name], name)


def _after_mistakes(spec: NodeSpec, by_name: Mapping[str, NodeSpec]) -> Iterator[Mistake]:
    for name in spec.after:
        if name not in by_name:
            yield _unknown(spec.name, name, list(by_name), "after")


def _repeated_names(specs: Sequence[NodeSpec]) -> Iterator[Mistake]:
    for name, count in Counter(spec.name for spec in specs).items():
        if count > 1:
            yield Mistake(f"{count} nodes of this name", "one", "rename the others, or set `name`", name)


def _cycles(specs: Sequence[NodeSpec]) -> Iterator[Mistake]:
    try:
        graphlib.TopologicalSorter(upstream_of(specs)).prepare()
    except graphlib.CycleError as error:
        names = list(reversed(error.args[1]))
        yield Mistake(
            f"a cycle: {' → '.join(names)}",
            "nodes that do not wait for each other",
            "drop one of these inputs",
            names[0],
        )


def _unknown(node: str, name: str, known: Sequence[str], parameter: str) -> Mistake:
    close = difflib.get_close_matches(name, known, n=1)
    return Mistake(
        f"{name!r}, which is no node",
        "one of " + ", ".join(name for name in known if name != node),
        f"did you mean {close[0]!r}?" if close else "declare the node, or drop this input",
        node,
        parameter,
    )


def _type_mistake(node: str, parameter: str, found: Any, wanted: Any) -> Mistake:
    return Mistake(
        f"the type {_shown(wanted)}",
        f"{_shown(found)}, which is what it gets",
        f"write {parameter}: {_shown(found)}",
        node,
        parameter,
    )


def _fits(given: Any, wanted: Any) -> bool:
    """Whether one type can go where another is wanted; yes where only a type checker could tell."""
    plain = isinstance(given, type) and isinstance(wanted, type)
    if not plain or given is Any or wanted is Any:
        return True
    try:
        return issubclass(given, wanted) or (issubclass(given, int) and wanted is float)
    except TypeError:
        return True


def _is_error_class(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _shown(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)
