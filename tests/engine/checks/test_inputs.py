from collections.abc import Callable, Mapping
from typing import Any, NotRequired, Protocol, TypedDict

import pytest
from pydantic import BaseModel

from headrace.engine import EventSchema, Pipeline, TaskContext
from tests.engine.support import TicketOpened, the_mistake_of


class Options(TypedDict):
    colour: NotRequired[str]


class Sized(Protocol):
    def size(self) -> int: ...


class Answer(BaseModel):
    text: str


class Forwarded(EventSchema, type="ticket.forwarded"):
    pass


def test_an_unknown_parameter_is_told_with_its_node_what_there_is_and_the_closest_name(tickets: Pipeline) -> None:
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
    @tickets.node
    def classify(event: TicketOpened) -> None: ...

    @tickets.node(after=["nobody"])
    def reply(event: TicketOpened) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'reply', parameter 'after': found 'nobody', which is no node; "
        "wanted one of classify; hint: declare the node, or drop this input"
    )


def test_an_event_of_another_class_is_told(tickets: Pipeline) -> None:
    @tickets.node
    def reply(event: Forwarded) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'reply', parameter 'event': found the type Forwarded; "
        "wanted TicketOpened, which is what it gets; hint: write event: TicketOpened"
    )


def test_a_context_of_another_class_is_told(tickets: Pipeline) -> None:
    @tickets.node
    def reply(context: dict) -> None: ...  # type: ignore[type-arg]  # a plain class on purpose

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'reply', parameter 'context': found the type dict; "
        "wanted TaskContext, which is what it gets; hint: write context: TaskContext"
    )


@pytest.mark.parametrize(
    ("given", "wanted", "shown_given", "shown_wanted"),
    [
        (int, str, "int", "str"),
        (list[int], list[str], "list[int]", "list[str]"),
        (int | None, int, "int | None", "int"),
        (None, str, "NoneType", "str"),
    ],
)
def test_an_upstream_type_that_cannot_fit_is_told(
    given: Any, wanted: Any, shown_given: str, shown_wanted: str, tickets: Pipeline
) -> None:
    tickets.node(returns(given))
    tickets.node(takes(wanted))
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node 'reply', parameter 'made': found the type {shown_wanted}; "
        f"wanted {shown_given}, which is what it gets; hint: write made: {shown_given}"
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (bool, int),
        (int, float),
        (int, int | None),
        (dict, Mapping),
        (Options, dict),
        (dict, Options),
        (Answer, BaseModel),
        (int, object),
        (int, Any),
        (Any, int),
        (list, list[str]),
        (list[Any], list[str]),
        (dict, Sized),
        (None, type(None)),
    ],
)
def test_a_type_that_may_fit_is_no_mistake(given: Any, wanted: Any, tickets: Pipeline) -> None:
    tickets.node(returns(given))
    tickets.node(takes(wanted))
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


def test_what_stands_in_must_return_what_the_node_returns(tickets: Pipeline) -> None:
    def instead(event: TicketOpened, error: Any) -> str:
        return ""

    @tickets.node(on_error=instead)
    def count(event: TicketOpened) -> int:
        return 1

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'count', parameter 'on_error': found 'instead', which returns str; "
        "wanted int, as the node returns; hint: it takes the place of the output"
    )


def test_what_stands_in_takes_what_there_is(tickets: Pipeline) -> None:
    def instead(event: TicketOpened, eror: Any) -> int:
        return 1

    @tickets.node(on_error=instead)
    def count(event: TicketOpened) -> int:
        return 1

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'instead', parameter 'eror': found 'eror', which is no node; "
        "wanted one of event, context, error, count; hint: did you mean 'error'?"
    )


def test_the_error_is_there_only_at_the_end_or_for_what_stands_in(tickets: Pipeline) -> None:
    @tickets.node
    def reply(error: Any) -> None: ...

    assert "parameter 'error': found 'error', which is no node" in the_mistake_of(tickets)


def returns(output: Any) -> Callable[[TicketOpened], Any]:
    def made(event: TicketOpened) -> Any: ...

    made.__annotations__["return"] = output
    return made


def takes(wanted: Any) -> Callable[[Any], None]:
    def reply(made: Any) -> None: ...

    reply.__annotations__["made"] = wanted
    return reply
