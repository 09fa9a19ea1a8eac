"""From bytes to an event that fits its schema, or to a reason that quotes no value."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
import pytest
from pydantic import BaseModel, Field, field_validator

from headrace.domain.ids import new_id
from headrace.engine import EventSchema, Pipeline, PipelineRegistry
from headrace.engine.schema import classes
from headrace.errors import InvalidEvent, SchemaMismatch, TooLarge
from headrace.flow.ingest.check import Rules, check_event

PARKING = Rules(max_body_bytes=1000, max_depth=32, refuses_unknown_types=False, release="r7")
STRICT = Rules(max_body_bytes=1000, max_depth=32, refuses_unknown_types=True, release=None)

#: A value that must not turn up in any answer.
SECRET = "hunter2"


class Item(BaseModel, extra="forbid"):
    name: str
    count: int = 0


class Circle(BaseModel):
    kind: Literal["circle"]


class Square(BaseModel):
    kind: Literal["square"]


class OrderPlaced(EventSchema, type="order.placed"):
    order: UUID | None = None
    items: list[Item] = Field(default_factory=list)
    at: datetime | None = None
    shape: Circle | Square | None = Field(None, discriminator="kind")
    code: int | list[int] = 0
    note: str = ""

    @field_validator("note")
    @classmethod
    def judge(cls, note: str) -> str:
        if note.startswith("refuse"):
            raise ValueError(f"a note may not be {note}")
        if note == "stumble":
            raise KeyError(note)
        return note


@pytest.fixture(autouse=True)
def orders() -> Iterator[None]:
    with PipelineRegistry.isolated():
        Pipeline("orders", OrderPlaced)
        yield


def mismatch(**fields: Any) -> SchemaMismatch:
    body = orjson.dumps({"type": "order.placed", **fields})
    with pytest.raises(SchemaMismatch) as refused:
        check_event(body, new_id(), PARKING)
    return refused.value


def test_a_fitting_event_is_kept_byte_for_byte() -> None:
    event_id = new_id()
    body = b' {"type": "order.placed", "items": [{"name": "a", "count": 3}], "more": 1.50} '

    event = check_event(body, event_id, PARKING)

    assert (event.id, event.type, event.body, event.release) == (event_id, "order.placed", body, "r7")


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"items": [{"name": "a"}, {"count": 1}]}, "/items/1/name", "missing"),
        ({"items": [{"name": "a", "a/b~c": 1}]}, "/items/0/a~1b~0c", "extra_forbidden"),
        ({"items": [{"name": SECRET, "count": SECRET}]}, "/items/0/count", "int_parsing"),
        ({"items": {"a": 1}}, "/items", "list_type"),
        ({"at": SECRET}, "/at", "datetime_from_date_parsing"),
        ({"order": SECRET}, "/order", "uuid_parsing"),
        ({"shape": {"kind": SECRET}}, "/shape", "union_tag_invalid"),
        ({"note": f"refuse {SECRET}"}, "/note", "value_error"),
        ({"note": "stumble"}, "", "validator-raised"),
    ],
)
def test_a_fault_is_told_by_place_and_kind_without_the_value(fields: dict[str, Any], pointer: str, code: str) -> None:
    refused = mismatch(**fields)

    assert [(problem.pointer, problem.code) for problem in refused.problems] == [(pointer, code)]
    assert SECRET not in refused.detail + refused.problems[0].detail


def test_the_branches_of_a_union_do_not_lengthen_the_pointer() -> None:
    assert {problem.pointer for problem in mismatch(code=[1, "x"]).problems} == {"/code", "/code/1"}


def test_no_more_than_a_hundred_faults_are_listed() -> None:
    assert len(mismatch(items=[{}] * 120).problems) == 100


def test_an_event_of_an_unknown_type_is_taken_unless_the_rules_are_strict() -> None:
    assert check_event(b'{"type":"never.seen"}', new_id(), PARKING).type == "never.seen"

    with pytest.raises(InvalidEvent) as refused:
        check_event(b'{"type":"never.seen"}', new_id(), STRICT)
    assert [(problem.pointer, problem.code) for problem in refused.value.problems] == [("/type", "no-pipeline")]


def test_a_body_over_the_limit_is_refused() -> None:
    body = orjson.dumps({"type": "a", "filler": "x" * 1000})

    with pytest.raises(TooLarge):
        check_event(body, new_id(), PARKING)


@pytest.mark.parametrize(
    ("fields", "match_key"),
    [({"order": 17}, "17"), ({"order": "17"}, "17"), ({"order": {"b": 1, "a": 2}}, '{"a":2,"b":1}'), ({}, None)],
)
def test_an_event_is_found_by_the_field_that_its_class_names(fields: dict[str, Any], match_key: str | None) -> None:
    class OrderPaid(EventSchema, type="order.paid", match="order"):
        pass

    event = check_event(orjson.dumps({"type": "order.paid", **fields}), new_id(), PARKING)

    assert event.match_key == match_key
    del classes[OrderPaid.event_type]
