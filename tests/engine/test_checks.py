from collections.abc import Callable, Iterator, Mapping
from typing import Any, NotRequired, Protocol, TypedDict

import pytest
from pydantic import BaseModel

from headrace.engine import EventSchema, Node, Pipeline, TaskContext
from headrace.errors import PipelineInvalid
from tests.engine.support import TicketOpened


class Plain:
    pass


class Options(TypedDict):
    colour: NotRequired[str]


class Sized(Protocol):
    def size(self) -> int: ...


class Answer(BaseModel):
    text: str


def the_mistake_of(pipeline: Pipeline) -> str:
    with pytest.raises(PipelineInvalid) as raised:
        pipeline.check()
    [problem] = raised.value.problems
    return problem


def test_an_unknown_parameter_is_told_with_its_node_what_there_is_and_the_closest_name(
    tickets: Pipeline,
) -> None:
    @tickets.node
    def classify(event: TicketOpened) -> str:
        return ""

    @tickets.node
    def reply(event: TicketOpened, clasify: str) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'reply', parameter 'clasify': found 'clasify', which is no node; "
        "wanted one of event, context, classify; hint: did you mean 'classify'?"
    )


def test_an_unknown_name_in_after_is_told(tickets: Pipeline) -> None:
    @tickets.node(after=["nobody"])
    def reply(event: TicketOpened) -> None: ...

    assert "node 'reply', parameter 'after': found 'nobody'" in the_mistake_of(tickets)


def test_a_cycle_is_told_as_a_path(tickets: Pipeline) -> None:
    @tickets.node
    def left(right: int) -> int:
        return right

    @tickets.node
    def right(left: int) -> int:
        return left

    assert "found a cycle: left → right → left" in the_mistake_of(tickets)


def test_two_nodes_of_one_name_are_told(tickets: Pipeline) -> None:
    for _ in range(2):

        @tickets.node
        def reply(event: TicketOpened) -> None: ...

    assert "node 'reply': found 2 nodes of this name" in the_mistake_of(tickets)


@pytest.mark.parametrize("name", ["event", "context", "two words", ""])
def test_a_name_that_cannot_be_a_parameter_is_told(name: str, tickets: Pipeline) -> None:
    class Named(Node):
        def process(self) -> None: ...

    node = Named()
    node.name = name
    tickets.add_node(node)
    assert f"found the name {name!r}" in the_mistake_of(tickets)


def test_an_event_of_another_class_is_told(tickets: Pipeline) -> None:
    class OrderPaid(EventSchema, type="order.paid"):
        pass

    @tickets.node
    def reply(event: OrderPaid) -> None: ...

    mistake = the_mistake_of(tickets)
    assert "parameter 'event': found the type OrderPaid; wanted TicketOpened" in mistake
    assert "hint: write event: TicketOpened" in mistake


def test_a_context_of_another_class_is_told(tickets: Pipeline) -> None:
    @tickets.node
    def reply(context: dict) -> None: ...  # type: ignore[type-arg]  # a plain class on purpose

    assert "parameter 'context': found the type dict; wanted TaskContext" in the_mistake_of(tickets)


def test_an_upstream_type_that_cannot_fit_is_told(tickets: Pipeline) -> None:
    @tickets.node
    def count(event: TicketOpened) -> int:
        return 1

    @tickets.node
    def reply(count: str) -> None: ...

    assert "node 'reply', parameter 'count': found the type str; wanted int" in the_mistake_of(tickets)


def returns(output: Any) -> Callable[[TicketOpened], Any]:
    def made(event: TicketOpened) -> Any: ...

    made.__annotations__["return"] = output
    return made


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (bool, int),
        (int, float),
        (dict, Mapping),
        (Options, dict),
        (dict, Options),
        (Answer, BaseModel),
        (int, object),
        (int, Any),
        (Any, int),
        (list[int], list[str]),
        (int | None, str),
        (dict, Sized),
        (None, type(None)),
    ],
)
def test_a_type_that_may_fit_is_no_mistake(given: Any, wanted: Any, tickets: Pipeline) -> None:
    def reply(made: Any) -> None: ...

    reply.__annotations__["made"] = wanted
    tickets.node(returns(given))
    tickets.node(reply)
    tickets.check()


def test_types_that_python_cannot_resolve_are_no_mistake(tickets: Pipeline) -> None:
    tickets.node(returns("SomethingElsewhere"))
    tickets.check()


@pytest.mark.parametrize("event_type", [TicketOpened, EventSchema, BaseModel, object, Any])
def test_the_event_may_be_taken_as_its_class_or_a_base(event_type: Any, tickets: Pipeline) -> None:
    def reply(event: Any, context: TaskContext) -> None: ...

    reply.__annotations__["event"] = event_type
    tickets.node(reply)
    tickets.check()


def test_an_output_type_without_a_json_form_is_told(tickets: Pipeline) -> None:
    tickets.node(returns(Plain))
    assert "found the output type Plain; wanted a type with a JSON form" in the_mistake_of(tickets)


def test_a_function_that_yields_is_told(tickets: Pipeline) -> None:
    @tickets.node
    def reply(event: TicketOpened) -> Iterator[int]:
        yield 1

    assert "found a function that yields" in the_mistake_of(tickets)


def test_parameters_that_cannot_be_filled_by_name_are_told(tickets: Pipeline) -> None:
    @tickets.node
    def reply(event: TicketOpened, /, *rest: int, **options: int) -> None: ...

    with pytest.raises(PipelineInvalid) as raised:
        tickets.check()
    found = [problem.split("found ")[1].split(";")[0] for problem in raised.value.problems]
    assert found == ["positional-only event", "*rest", "**options"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"retries": -1}, "retries=-1"),
        ({"backoff": [1, -2]}, "backoff="),
        ({"backoff": [float("nan")]}, "backoff="),
        ({"timeout_seconds": 0}, "timeout_seconds=0"),
        ({"timeout_seconds": float("inf")}, "timeout_seconds=inf"),
        ({"retry_on": ["KeyError"]}, "'KeyError' in retry_on"),
    ],
)
def test_an_option_out_of_range_is_told(options: dict[str, Any], told: str, tickets: Pipeline) -> None:
    @tickets.node(**options)
    def reply(event: TicketOpened) -> None: ...

    assert f"node 'reply': found {told}" in the_mistake_of(tickets)


def test_a_schema_that_json_cannot_carry_is_told() -> None:
    class Odd(EventSchema, type="odd", arbitrary_types_allowed=True):
        thing: Plain | None = None

    assert "a schema Odd without a JSON schema" in the_mistake_of(Pipeline("odd", Odd))


def test_all_mistakes_are_told_at_once(tickets: Pipeline) -> None:
    @tickets.node(retries=-1)
    def first(nobody: int) -> Plain:
        return Plain()

    @tickets.node(after=["nothing"])
    def second(event: int) -> None: ...

    with pytest.raises(PipelineInvalid) as raised:
        tickets.check()
    assert len(raised.value.problems) == 5
