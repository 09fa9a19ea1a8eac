"""Mistakes of a node's shape: routers, joins, maps, endings, sleeps, waits."""

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from headrace.engine.checks.inputs import Specs, over_type
from headrace.engine.checks.mistake import Mistake, shown, unknown
from headrace.engine.checks.types import item_type, without_none
from headrace.engine.schema import EventSchema, classes
from headrace.engine.shapes import Finally, Join, Map, Router, Sleep, Wait
from headrace.engine.spec import EVENT, ITEM, NodeSpec, over_of

#: By node, the nodes directly before it.
Upstream = Mapping[str, Sequence[str]]


def shape_mistakes(spec: NodeSpec, schema: type[EventSchema], specs: Specs, upstream: Upstream) -> Iterator[Mistake]:
    """All of them, of one node."""
    match spec.shape:
        case Router():
            yield from _router_mistakes(spec, upstream)
        case Join(first):
            yield from _join_mistakes(spec, first, specs, upstream)
        case Map():
            yield from _map_mistakes(spec, spec.shape, schema, specs)
        case Sleep(seconds):
            if not (math.isfinite(seconds) and seconds > 0):
                yield Mistake(f"a sleep of {seconds:g} s", "a time above 0", "as in sleep(hours=2)", spec.name)
        case Wait():
            yield from _wait_mistakes(spec, spec.shape, schema, specs)
        case _:
            pass
    for name in upstream[spec.name]:
        if isinstance(specs[name].shape, Finally):
            yield Mistake(
                f"{name!r}, which runs at the end", "a node that runs before", "drop this input", spec.name, name
            )


def choices_of(spec: NodeSpec) -> tuple[str, ...] | None:
    """The branches that a router's annotation names; None where it names none."""
    kind = without_none(spec.types.get("return", Any))
    inner = get_args(kind)[0] if get_origin(kind) in (list, tuple, set) and get_args(kind) else kind
    return tuple(map(str, get_args(inner))) if get_origin(inner) is Literal else None


def _router_mistakes(spec: NodeSpec, upstream: Upstream) -> Iterator[Mistake]:
    branches = [name for name, before in upstream.items() if spec.name in before]
    if not branches:
        yield Mistake("a router without a branch", "nodes behind it", f'as in node(after="{spec.name}")', spec.name)
        return
    choices = choices_of(spec)
    for choice in choices or ():
        if choice not in branches:
            close = difflib.get_close_matches(choice, branches, n=1)
            mend = f'write the node, as in node(after="{spec.name}"), or drop it from the Literal'
            yield Mistake(
                f"the choice {choice!r}, which is not behind it",
                "one of " + ", ".join(branches),
                f"did you mean {close[0]!r}?" if close else mend,
                spec.name,
                "return",
            )
    for name in branches:
        if choices is not None and name not in choices:
            yield Mistake(
                f"{name!r}, which the router {spec.name!r} never chooses",
                "a node that can be reached",
                f"add {name!r} to the router's Literal, or take the node away from behind it",
                name,
            )


def _join_mistakes(spec: NodeSpec, first: Sequence[str], specs: Specs, upstream: Upstream) -> Iterator[Mistake]:
    for name in first:
        if name not in specs:
            yield unknown(spec.name, name, list(specs), "any")
    if not upstream[spec.name] and not first:
        yield Mistake("a join of nothing", "nodes before it", "take their outputs, or name them in `after`", spec.name)


def _map_mistakes(spec: NodeSpec, shape: Map, schema: type[EventSchema], specs: Specs) -> Iterator[Mistake]:
    if shape.limit < 1:
        yield Mistake(f"limit={shape.limit}", "1 or more", "leave it out for 10 at once", spec.name)
    if all(parameter.name != ITEM for parameter in spec.inputs):
        yield Mistake("a map without the parameter 'item'", "one", "the items come in it, one a call", spec.name)
    node = over_of(shape)
    field = shape.over.partition(".")[2]
    if node is not None and node not in specs:
        yield unknown(spec.name, node, [EVENT, *specs], "over")
    elif node is None and field.partition(".")[0] not in schema.model_fields:
        yield unknown(spec.name, shape.over, [f"event.{name}" for name in schema.model_fields], "over")
    elif item_type(kind := over_type(shape, schema, specs)) is None:
        yield Mistake(f"the type {shown(kind)}", "a list", "a map goes over the items of a list", spec.name, "over")


def _wait_mistakes(spec: NodeSpec, shape: Wait, schema: type[EventSchema], specs: Specs) -> Iterator[Mistake]:
    awaited = classes.get(shape.type)
    if awaited is None or awaited.match_field is None or awaited.match_field not in awaited.model_fields:
        yield Mistake(
            f"a wait for {shape.type!r}, of which no class names one of its fields as `match`",
            "a class that does",
            f'class …(EventSchema, type="{shape.type}", match="order_id")',
            spec.name,
        )
    if shape.timeout_seconds is not None and not shape.timeout_seconds > 0:
        yield Mistake(
            f"timeout={shape.timeout_seconds:g}", "a time above 0", "leave it out to wait for ever", spec.name
        )
    head, _, rest = shape.key.partition(".")
    fields = schema.model_fields
    if head not in specs and head not in fields and not (head == EVENT and rest.partition(".")[0] in fields):
        yield unknown(spec.name, shape.key, [*fields, *(name for name in specs if name != spec.name)], "key")
