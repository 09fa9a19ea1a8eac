"""All mistakes of a pipeline, in the order in which its nodes were declared."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from headrace.engine.checks.graph import graph_mistakes
from headrace.engine.checks.inputs import input_mistakes
from headrace.engine.checks.mistake import Mistake
from headrace.engine.checks.nodes import node_mistakes, repeated_names
from headrace.engine.checks.shapes import shape_mistakes
from headrace.engine.plan import upstream_of
from headrace.engine.schema import EventSchema
from headrace.engine.shapes import Sleep, Wait

if TYPE_CHECKING:
    from headrace.engine.spec import NodeSpec


def mistakes_of(
    schema: type[EventSchema], specs: "Sequence[NodeSpec]", deadline_seconds: float | None = None
) -> list[Mistake]:
    """All mistakes of a pipeline; an empty list says that it can run."""
    by_name, upstream = {spec.name: spec for spec in specs}, upstream_of(specs)
    found = [*_schema_mistakes(schema), *_deadline_mistakes(deadline_seconds)]
    for spec in specs:
        if not isinstance(spec.shape, (Sleep, Wait)):
            found += node_mistakes(spec)
        found += input_mistakes(spec, schema, by_name)
        found += shape_mistakes(spec, schema, by_name, upstream)
    found += repeated_names(specs)
    found += graph_mistakes(specs)
    return list(dict.fromkeys(found))


def _schema_mistakes(schema: type[EventSchema]) -> Iterator[Mistake]:
    try:
        schema.model_json_schema(mode="serialization")
    except Exception as error:  # noqa: BLE001 - a user's own schema hooks run here
        yield Mistake(
            f"a schema {schema.__name__} without a JSON schema ({error})",
            "fields that JSON can carry",
            "give the field a type that pydantic knows how to write",
        )
    if schema.match_field is not None and schema.match_field not in schema.model_fields:
        yield Mistake(
            f"match={schema.match_field!r}, which is no field of {schema.__name__}",
            "one of " + ", ".join(schema.model_fields),
            "name the field by which others wait for this event",
        )


def _deadline_mistakes(seconds: float | None) -> Iterator[Mistake]:
    if seconds is not None and not seconds > 0:
        yield Mistake(f"deadline_seconds={seconds:g}", "a number above 0", "leave it out for none")
