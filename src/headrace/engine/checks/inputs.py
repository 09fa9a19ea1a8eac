"""Mistakes between nodes: inputs that nothing fills, or of another type than what fills them."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.domain.outcome import ErrorReport
from headrace.engine.checks.mistake import Mistake, shown, unknown
from headrace.engine.checks.nodes import UNNAMED
from headrace.engine.checks.types import fits, item_type
from headrace.engine.context import TaskContext
from headrace.engine.kinds import list_of, optional
from headrace.engine.plan import given_names
from headrace.engine.schema import EventSchema
from headrace.engine.shapes import Finally, Join, Map, Router
from headrace.engine.spec import CONTEXT, ERROR, EVENT, ITEM, NodeSpec, over_of

#: The specs of a pipeline, by name.
Specs = Mapping[str, NodeSpec]


def input_mistakes(spec: NodeSpec, schema: type[EventSchema], specs: Specs) -> Iterator[Mistake]:
    """Of a node, and of the function that stands in for it."""
    types = {name: _given(other) for name, other in specs.items()}
    types |= {EVENT: schema, CONTEXT: TaskContext, ITEM: _item(spec, schema, specs), ERROR: ErrorReport | None}
    yield from _mistakes(spec, given_names(spec), types, specs)
    for name in spec.after:
        if name not in specs:
            yield unknown(spec.name, name, list(specs), "after")
    if spec.fallback is not None:
        yield from _mistakes(spec.fallback, (*given_names(spec), ERROR), types | {ERROR: ErrorReport}, specs)
        if not fits(spec.fallback.output_type, spec.output_type):
            yield Mistake(
                f"{spec.fallback.name!r}, which returns {shown(spec.fallback.output_type)}",
                f"{shown(spec.output_type)}, as the node returns",
                "it takes the place of the output",
                spec.name,
                "on_error",
            )


def _mistakes(spec: NodeSpec, reserved: tuple[str, ...], types: Mapping[str, Any], specs: Specs) -> Iterator[Mistake]:
    for parameter in spec.inputs:
        name = parameter.name
        if name in spec.injected or parameter.kind in UNNAMED:
            continue
        has_default = parameter.default is not inspect.Parameter.empty
        if name in reserved or name in specs:
            found = types[name] if has_default or name in reserved else _missing(spec, types[name])
            wanted = spec.types.get(name, Any)
            if not fits(found, wanted):
                yield Mistake(
                    f"the type {shown(wanted)}",
                    f"{shown(found)}, which is what it gets",
                    f"write {name}: {shown(found)}",
                    spec.name,
                    name,
                )
        elif not has_default:
            yield unknown(spec.name, name, [*reserved, *specs], name)


def _given(spec: NodeSpec) -> Any:
    """What the nodes behind a node get."""
    match spec.shape:
        case Map():
            kind = spec.output_type
            return list_of(optional(kind) if spec.options.on_error == "skip" else kind)
        case Router():
            return Any
        case _:
            return spec.output_type


def _missing(spec: NodeSpec, kind: Any) -> Any:
    """What a join or an ending gets of a node that may be skipped."""
    return optional(kind) if isinstance(spec.shape, (Join, Finally)) and kind is not Any else kind


def _item(spec: NodeSpec, schema: type[EventSchema], specs: Specs) -> Any:
    if not isinstance(spec.shape, Map):
        return Any
    found = item_type(over_type(spec.shape, schema, specs))
    return Any if found is None else found


def over_type(shape: Map, schema: type[EventSchema], specs: Specs) -> Any:
    """The type of what a map goes over, as far as it is known."""
    head, *fields = shape.over.split(".")
    if over_of(shape) is None:
        field = schema.model_fields.get(fields[0]) if len(fields) == 1 else None
        return Any if field is None else field.annotation
    return _given(specs[head]) if head in specs and not fields else Any
