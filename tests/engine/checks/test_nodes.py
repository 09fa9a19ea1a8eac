from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest

from headrace.engine import Fallback, Node, Pipeline, Resource, Secret, TaskContext
from tests.engine.support import Plain, TicketOpened, the_mistake_of


def connect() -> list[str]:
    return []


def far_away(event: TicketOpened, context: TaskContext) -> None: ...


def with_resource(client: Annotated[list[str], Resource(connect)]) -> None: ...


@pytest.mark.parametrize("name", ["event", "context", "item", "error"])
def test_a_name_that_is_taken_is_told(name: str, tickets: Pipeline) -> None:
    tickets.add_node(named(name))
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node {name!r}: found the name {name!r}; wanted another name; "
        "hint: that parameter is taken"
    )


@pytest.mark.parametrize("name", ["two words", ""])
def test_a_name_that_cannot_be_a_parameter_is_told(name: str, tickets: Pipeline) -> None:
    tickets.add_node(named(name))
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node {name!r}: found the name {name!r}; wanted a name that can be a parameter; "
        "hint: use def, or set `name`"
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"retries": -1}, "retries=-1; wanted 0 or more; hint: 0 means one call in all"),
        ({"backoff": [1, -2]}, "backoff=[1, -2]; wanted seconds, each 0 or more; hint: as in backoff=[1, 30]"),
        ({"backoff": [float("nan")]}, "backoff=[nan]; wanted seconds, each 0 or more; hint: as in backoff=[1, 30]"),
        ({"timeout_seconds": 0}, "timeout_seconds=0; wanted a number above 0; hint: leave it out for 300 seconds"),
        (
            {"timeout_seconds": float("inf")},
            "timeout_seconds=inf; wanted a number above 0; hint: leave it out for 300 seconds",
        ),
        (
            {"retry_on": ["KeyError"]},
            "'KeyError' in retry_on; wanted an exception class; hint: as in retry_on=[KeyError]",
        ),
        (
            {"on_error": "ignore"},
            'on_error=\'ignore\'; wanted "fail", "skip", Fallback(…) or a function; hint: leave it out for "fail"',
        ),
        (
            {"on_error": Fallback("many")},
            (
                "on_error=Fallback(value='many'); wanted a value like the node's own, int; "
                "hint: it takes the place of the output"
            ),
        ),
    ],
)
def test_an_option_out_of_range_is_told(options: dict[str, Any], told: str, tickets: Pipeline) -> None:
    @tickets.node(**options)
    def reply(event: TicketOpened) -> int:
        return 1

    assert the_mistake_of(tickets) == f"pipeline 'tickets', node 'reply': found {told}"


def test_an_output_type_without_a_json_form_is_told(tickets: Pipeline) -> None:
    @tickets.node
    def made(event: TicketOpened) -> Plain:
        return Plain()

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'made': found the output type Plain; wanted a type with a JSON form; "
        "hint: return a dict, a dataclass or a pydantic model"
    )


def yields(event: TicketOpened) -> Iterator[int]:
    yield 1


async def yields_later(event: TicketOpened) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("function", [yields, yields_later])
def test_a_function_that_yields_is_told(function: Callable[..., Any], tickets: Pipeline) -> None:
    tickets.node(function)
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node '{function.__name__}': found a function that yields; "
        "wanted one that returns its output; hint: return a list"
    )


def test_parameters_that_cannot_be_filled_by_name_are_told(tickets: Pipeline) -> None:
    @tickets.node
    def reply(event: TicketOpened, /, *rest: int, **options: int) -> None: ...

    assert tickets.mistakes() == [
        f"pipeline 'tickets', node 'reply', parameter '{name}': found {shown}; wanted a plain parameter; "
        "hint: inputs are given by name: event, context, or a node's name"
        for name, shown in [("event", "positional-only event"), ("rest", "*rest"), ("options", "**options")]
    ]


@pytest.mark.parametrize(
    ("function", "shown"),
    [(lambda: None, "a lambda"), (connect, None), (print, "an object that is called")],
    ids=["lambda", "function", "builtin"],
)
def test_a_process_needs_a_function_that_it_can_find(
    function: Callable[..., Any], shown: str | None, tickets: Pipeline
) -> None:
    class Calls(Node):
        process = staticmethod(function)

    tickets.node(process=True)(Calls)
    told = (
        f"pipeline 'tickets', node 'calls': found process=True on {shown}; wanted a function of a module; "
        "hint: a process finds it by its module and name"
    )
    found = [mistake for mistake in tickets.mistakes() if "process=True" in mistake]
    assert found == ([] if shown is None else [told])


def test_a_method_of_a_node_cannot_run_in_a_process(tickets: Pipeline) -> None:
    tickets.node(process=True)(named("heavy"))
    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'heavy': found process=True on a method of a node's class; "
        "wanted a function of a module; hint: a process finds it by its module and name"
    )


@pytest.mark.parametrize(("function", "parameter"), [(far_away, "context"), (with_resource, "client")])
def test_a_process_has_no_share_in_what_is_here(
    function: Callable[..., Any], parameter: str, tickets: Pipeline
) -> None:
    tickets.node(process=True)(function)
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node '{function.__name__}', parameter '{parameter}': "
        f"found '{parameter}' with process=True; wanted what JSON can carry, or a secret; "
        "hint: a process of its own has no share in it: open it there, or take a node's output"
    )


def test_a_mistake_in_a_secret_is_told_with_its_node_and_parameter(tickets: Pipeline) -> None:
    @tickets.node
    def pay(key: Annotated[str, Secret("no name")]) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'pay', parameter 'key': found the secret name 'no name'; "
        "wanted the name of an environment variable; "
        'hint: use letters, digits and _, as in Secret("OPENAI_API_KEY")'
    )


def named(name: str) -> Node:
    """A node of this name."""

    class Named(Node):
        def process(self) -> None: ...

    node = Named()
    node.name = name
    return node
