import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.engine import EventSchema, Node, Pipeline, PipelineRegistry, TaskContext
from headrace.errors import PipelineInvalid
from tests.engine.support import TicketOpened


class Shout(Node):
    def __init__(self, mark: str = "!") -> None:
        self.mark = mark

    def process(self, classify: str) -> str:
        return classify + self.mark


@pytest.fixture
def classified(tickets: Pipeline) -> Pipeline:
    @tickets.node
    async def classify(event: TicketOpened) -> str:
        return event.subject.upper()

    return tickets


def test_a_decorated_function_is_the_same_function(tickets: Pipeline) -> None:
    def first(event: TicketOpened) -> int:
        return 1

    async def second(event: TicketOpened) -> int:
        return 2

    assert tickets.node(first) is first
    assert tickets.node(retries=1)(second) is second
    assert tickets.node(Shout) is Shout


async def test_a_decorated_node_can_be_called_in_a_plain_test(tickets: Pipeline) -> None:
    @tickets.node(retries=2)
    async def count(event: TicketOpened) -> int:
        return len(event.subject)

    assert await count(TicketOpened(subject="four")) == 4


def test_a_node_gets_the_event_the_context_and_the_outputs_that_it_names(classified: Pipeline) -> None:
    @classified.node
    def reply(event: TicketOpened, classify: str, context: TaskContext) -> list[Any]:
        return [event.subject, classify, list(context.nodes), context.metadata["pipeline"]]

    context = classified.run({"subject": "fire"})
    assert context.nodes == {"classify": "FIRE", "reply": ["fire", "FIRE", ["classify"], "tickets"]}


def test_a_parameter_with_a_default_that_names_no_node_keeps_it(classified: Pipeline) -> None:
    @classified.node
    def cut(classify: str, *, length: int = 2) -> str:
        return classify[:length]

    assert classified.run({"subject": "fire"}).nodes["cut"] == "FI"


def test_nodes_can_be_classes_and_instances(classified: Pipeline) -> None:
    classified.node(Shout)
    loud = Shout("!!!")
    loud.name = "loud"
    classified.node(loud)
    assert classified.run({"subject": "fire"}).nodes == {
        "classify": "FIRE",
        "shout": "FIRE!",
        "loud": "FIRE!!!",
    }


def test_a_sync_function_that_returns_a_coroutine_is_awaited(tickets: Pipeline) -> None:
    async def later() -> str:
        return "done"

    @tickets.node
    def start(event: TicketOpened) -> Any:
        return later()

    assert tickets.run({}).nodes == {"start": "done"}


def test_after_orders_nodes_that_hand_nothing_over(tickets: Pipeline) -> None:
    calls: list[str] = []

    def last() -> None:
        calls.append("last")

    @tickets.node
    async def first() -> None:
        await asyncio.sleep(0)
        calls.append("first")

    tickets.node(after=[first])(last)
    tickets.run({})
    assert calls == ["first", "last"]


def test_an_added_node_comes_behind_the_last_nodes(classified: Pipeline) -> None:
    @classified.node
    def left(classify: str) -> None: ...

    @classified.node
    def right(classify: str) -> None: ...

    def store(context: TaskContext) -> list[str]:
        return sorted(context.nodes)

    classified.add_node(store)
    context = classified.run({})
    assert context.nodes["store"] == ["classify", "left", "right"]


def test_what_is_added_to_a_copy_is_in_the_copy_alone(classified: Pipeline) -> None:
    copied = classified.copy()
    copied.add_node(Shout())
    assert set(copied.run({}).nodes) == {"classify", "shout"}
    assert set(classified.run({}).nodes) == {"classify"}
    assert PipelineRegistry.pipelines() == (classified,)


def test_a_node_can_be_added_after_a_run(classified: Pipeline) -> None:
    assert set(classified.run({}).nodes) == {"classify"}
    classified.add_node(Shout)
    assert set(classified.run({}).nodes) == {"classify", "shout"}


def test_a_pipeline_without_nodes_gives_an_empty_context(tickets: Pipeline) -> None:
    context = tickets.run({"subject": "fire", "colour": "red"}).model_dump(mode="json")
    assert context["nodes"] == {}
    assert context["event"]["colour"] == "red"


def test_the_metadata_tells_when_each_node_ran(classified: Pipeline) -> None:
    metadata = classified.run({}).metadata
    times = metadata["nodes"]["classify"]
    assert metadata["started_at"] <= times["started_at"] <= times["finished_at"] <= metadata["finished_at"]
    seconds = (times["finished_at"] - times["started_at"]).total_seconds()
    assert times["milliseconds"] == round(seconds * 1000, 3)
    assert (times["state"], times["attempts"]) == ("succeeded", 1)


@pytest.mark.parametrize(
    "event",
    [
        TicketOpened(subject="fire"),
        EventSchema.model_validate({"subject": "fire"}),
        EventSchema.model_validate({"type": "ticket.opened", "subject": "fire"}),
        {"subject": "fire"},
        {"type": "ticket.opened", "subject": "fire"},
    ],
    ids=["its own class", "the base", "the base with the type", "a dict", "a dict with the type"],
)
def test_run_takes(event: EventSchema | dict[str, Any], classified: Pipeline) -> None:
    context = classified.run(event)
    assert isinstance(context.event, TicketOpened)
    assert context.nodes == {"classify": "FIRE"}


@pytest.mark.parametrize("event", [{"subject": 4}, {"type": "order.paid"}, EventSchema(type="order.paid")])
def test_run_refuses_what_does_not_fit(event: EventSchema | dict[str, Any], classified: Pipeline) -> None:
    with pytest.raises(ValidationError):
        classified.run(event)


def test_a_schema_must_be_an_event_class() -> None:
    schema: Any = dict
    with pytest.raises(PipelineInvalid, match="subclass of EventSchema"):
        Pipeline("wrong", schema)


def test_a_pipeline_with_mistakes_tells_them_instead_of_running(tickets: Pipeline) -> None:
    @tickets.node
    def reply(nothing: str) -> None: ...

    with pytest.raises(PipelineInvalid, match="nothing"):
        tickets.run({})
