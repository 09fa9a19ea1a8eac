from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from headrace.engine import EventSchema, Pipeline
from headrace.engine.attempt.outputs import MOST_OUTPUT_BYTES
from tests.engine.support import TicketOpened, Worker


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    at: datetime


class Answer(BaseModel):
    text: str
    point: Point | None = None


class Rich(EventSchema, type="rich"):
    at: datetime
    price: Decimal
    id: UUID


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

#: What a node may return, and what is stored of it.
FORMS = [
    (NOON, "2026-01-02T12:00:00Z"),
    (date(2026, 1, 2), "2026-01-02"),
    (timedelta(minutes=2), "PT2M"),
    (Decimal("1.10"), "1.10"),
    (UUID(int=3), "00000000-0000-0000-0000-000000000003"),
    (b"bytes", "bytes"),
    (Colour.RED, "red"),
    (Point(1, NOON), {"x": 1, "at": "2026-01-02T12:00:00Z"}),
    (Answer(text="yes", point=Point(2, NOON)), {"text": "yes", "point": {"x": 2, "at": "2026-01-02T12:00:00Z"}}),
    ({"nested": [(Colour.RED, {Decimal(2)})]}, {"nested": [["red", ["2"]]]}),
]


@pytest.mark.parametrize(("output", "stored"), FORMS, ids=lambda value: type(value).__name__)
async def test_an_output_is_dumped_and_stored_as_plain_json(
    output: Any, stored: Any, tickets: Pipeline, worker: Worker
) -> None:
    @tickets.node
    async def made(event: TicketOpened) -> Any:
        return output

    assert (await worker.completed(tickets))["nodes"] == {"made": stored}
    context = await tickets.run_async({})
    assert context.nodes["made"] == output
    assert context.model_dump(mode="json")["nodes"] == {"made": stored}


async def test_the_fields_of_an_event_are_dumped_as_plain_json() -> None:
    rich = Pipeline("rich", Rich)
    context = await rich.run_async({"at": "2026-01-02T12:00:00Z", "price": "1.10", "id": str(UUID(int=3))})
    assert context.model_dump(mode="json")["event"] == {
        "type": "rich",
        "at": "2026-01-02T12:00:00Z",
        "price": "1.10",
        "id": str(UUID(int=3)),
    }


def in_a_thread(pipeline: Pipeline, output: Any) -> str:
    @pipeline.node
    def made(event: TicketOpened) -> Any:
        return output

    return "made"


def on_the_loop(pipeline: Pipeline, output: Any) -> str:
    @pipeline.node
    async def made(event: TicketOpened) -> Any:
        return output

    return "made"


def in_a_map(pipeline: Pipeline, output: Any) -> str:
    @pipeline.node
    async def source(event: TicketOpened) -> list[int]:
        return [1]

    @pipeline.map(over=source)
    async def each(item: int) -> Any:
        return output

    return "each[0]"


PLACES = pytest.mark.parametrize("place", [in_a_thread, on_the_loop, in_a_map])


@PLACES
async def test_an_output_of_a_mebibyte_is_the_largest(
    place: Callable[[Pipeline, Any], str], tickets: Pipeline, worker: Worker
) -> None:
    place(tickets, "x" * (MOST_OUTPUT_BYTES - len('""')))
    await worker.completed(tickets)


@PLACES
async def test_a_larger_output_is_refused_with_the_name_of_its_node(
    place: Callable[[Pipeline, Any], str], tickets: Pipeline, worker: Worker
) -> None:
    name = place(tickets, "x" * (MOST_OUTPUT_BYTES - 1))
    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.code, failed.progress.failures) == (name, "output-too-large", {name: 1})
    assert failed.error.message == (
        f"node {name!r} returned 1,048,577 bytes of JSON; at most 1,048,576 are stored: "
        "put it into a store of your own, and return its place"
    )


@PLACES
@pytest.mark.parametrize(
    ("output", "told"),
    [
        ([float("nan")], "list, which has no JSON form: NaN and infinity are not JSON"),
        ({"a": float("-inf")}, "dict, which has no JSON form: NaN and infinity are not JSON"),
        ("a\0", "str, which has no JSON form: the character U+0000 cannot be stored"),
        (iter([1]), "list_iterator, which has no JSON form: an iterator would be used up by writing it down"),
    ],
    ids=["nan", "infinity", "nul", "iterator"],
)
async def test_what_is_not_json_is_refused_with_the_name_of_its_node(
    place: Callable[[Pipeline, Any], str], output: Any, told: str, tickets: Pipeline, worker: Worker
) -> None:
    name = place(tickets, output)
    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.code) == (name, "output-not-json")
    assert failed.error.message == f"node {name!r} returned {told}"


async def test_a_whole_map_has_a_limit_of_its_own(tickets: Pipeline, worker: Worker) -> None:
    @tickets.node
    async def source(event: TicketOpened) -> list[int]:
        return list(range(17))

    @tickets.map(over=source)
    async def each(item: int) -> str:
        return "x" * 1_000_000

    failed = await worker.failed(tickets)
    assert (failed.node, failed.error.code) == ("each", "output-too-large")


@pytest.mark.parametrize("output", ["x" * 2_000_000, b"x" * 2_000_000, ["x" * 2_000_000, float("nan")]])
async def test_what_is_far_too_large_is_refused_before_it_is_read_through(
    tickets: Pipeline, worker: Worker, output: object
) -> None:
    @tickets.node(retries=0)
    async def much() -> Any:
        return output

    failed = await worker.failed(tickets)

    assert failed.error.code == "output-too-large"
