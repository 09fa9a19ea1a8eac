from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from pydantic import ValidationError

from headrace.engine import EventSchema, TaskContext


class Parcel(EventSchema, type="parcel"):
    weight_grams: int


@pytest.fixture
def context() -> TaskContext:
    nodes: dict[str, Any] = {"scan": {"id": UUID(int=3), "tags": {"heavy"}}, "nothing": None}
    metadata = {"pipeline": "parcels", "started_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)}
    return TaskContext(event=Parcel(weight_grams=9, colour="red"), nodes=nodes, metadata=metadata)


def test_the_dump_holds_event_nodes_and_metadata(context: TaskContext) -> None:
    assert context.model_dump(mode="json") == {
        "event": {"type": "parcel", "weight_grams": 9, "colour": "red"},
        "nodes": {"scan": {"id": str(UUID(int=3)), "tags": ["heavy"]}, "nothing": None},
        "metadata": {"pipeline": "parcels", "started_at": "2026-01-02T03:04:05.000006Z"},
    }


def test_the_bytes_say_the_same_as_the_dump(context: TaskContext) -> None:
    assert orjson.loads(context.to_json()) == context.model_dump(mode="json")


def test_a_stored_context_can_be_read_back(context: TaskContext) -> None:
    read = TaskContext.model_validate_json(context.to_json())
    assert read.model_dump(mode="json") == context.model_dump(mode="json")


def test_an_output_without_a_json_form_is_refused(context: TaskContext) -> None:
    context.nodes["odd"] = object()
    with pytest.raises(ValueError, match="object"):
        context.to_json()


def test_its_parts_cannot_be_exchanged(context: TaskContext) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        context.nodes = {}  # type: ignore[misc]  # that is the test
