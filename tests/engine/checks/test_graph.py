from typing import Literal

import pytest

from headrace.engine import EventSchema, Pipeline
from headrace.errors import PipelineInvalid
from tests.engine.support import Plain, TicketOpened, the_mistake_of


def test_a_cycle_is_told_as_a_path(tickets: Pipeline) -> None:
    @tickets.node
    def left(right: int) -> int:
        return right

    @tickets.node
    def right(left: int) -> int:
        return left

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'left': found a cycle: left → right → left; "
        "wanted nodes that do not wait for each other; hint: drop one of these inputs"
    )


def test_a_node_that_waits_for_itself_is_a_cycle(tickets: Pipeline) -> None:
    @tickets.node(after="again")
    def again() -> None: ...

    assert "found a cycle: again → again" in the_mistake_of(tickets)


def test_every_cycle_is_told(tickets: Pipeline) -> None:
    for name, before in {"a": "b", "b": "a", "c": "d", "d": "c", "e": "e", "f": "a"}.items():

        def node() -> None: ...

        node.__name__ = name
        tickets.node(after=before)(node)

    told = [mistake.partition("found a cycle: ")[2].partition(";")[0] for mistake in tickets.mistakes()]
    assert {frozenset(path.split(" → ")) for path in told} == {frozenset("ab"), frozenset("cd"), frozenset("e")}
    assert len(told) == 3


def test_two_nodes_of_one_name_are_told(tickets: Pipeline) -> None:
    for _ in range(2):

        @tickets.node
        def reply(event: TicketOpened) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'reply': found 2 nodes of this name; wanted one; "
        "hint: rename the others, or set `name`"
    )


def test_a_node_that_needs_two_branches_of_which_one_is_chosen_is_told(tickets: Pipeline) -> None:
    @tickets.router
    def route(event: TicketOpened) -> Literal["left", "right"]:
        return "left"

    @tickets.node(after=route)
    def left() -> int:
        return 1

    @tickets.node(after=route)
    def right() -> int:
        return 2

    @tickets.node
    def both(left: int, right: int) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'both': found a node that needs 'left' and 'right', of which 'route' chooses one; "
        "wanted a node that can be reached; hint: make it a join, or give these inputs a default"
    )


@pytest.mark.parametrize("chosen", [list[Literal["left", "right"]], list[str]])
def test_a_router_that_may_choose_both_branches_is_no_mistake(chosen: type, tickets: Pipeline) -> None:
    def route(event: TicketOpened) -> None: ...

    route.__annotations__["return"] = chosen
    tickets.router(route)

    @tickets.node(after=route)
    def left() -> int:
        return 1

    @tickets.node(after=route)
    def right() -> int:
        return 2

    @tickets.node
    def both(left: int, right: int) -> None: ...

    tickets.check()


def test_a_join_of_two_branches_is_no_mistake(tickets: Pipeline) -> None:
    @tickets.router
    def route(event: TicketOpened) -> str:
        return "left"

    @tickets.node(after=route)
    def left() -> int:
        return 1

    @tickets.node(after=route)
    def right() -> int:
        return 2

    @tickets.join
    def either(left: int | None, right: int | None) -> None: ...

    @tickets.node
    def with_default(left: int, right: int = 0) -> None: ...

    tickets.check()


def test_a_schema_that_json_cannot_carry_is_told() -> None:
    class Odd(EventSchema, type="odd", arbitrary_types_allowed=True):
        thing: Plain | None = None

    told = the_mistake_of(Pipeline("odd", Odd))
    assert told.startswith("pipeline 'odd': found a schema Odd without a JSON schema (")
    assert told.endswith(
        "wanted fields that JSON can carry; hint: give the field a type that pydantic knows how to write"
    )


def test_a_match_field_that_the_class_has_not_is_told() -> None:
    class Paid(EventSchema, type="order.paid", match="order"):
        order_id: str

    assert the_mistake_of(Pipeline("orders", Paid)) == (
        "pipeline 'orders': found match='order', which is no field of Paid; wanted one of type, order_id; "
        "hint: name the field by which others wait for this event"
    )


def test_a_deadline_of_no_time_is_told() -> None:
    assert the_mistake_of(Pipeline("tickets", TicketOpened, deadline_seconds=0)) == (
        "pipeline 'tickets': found deadline_seconds=0; wanted a number above 0; hint: leave it out for none"
    )


def test_all_mistakes_are_told_at_once(tickets: Pipeline) -> None:
    tickets.deadline_seconds = -1

    @tickets.node(retries=-1)
    def first(nobody: int) -> Plain:
        return Plain()

    @tickets.node(after=["nothing"])
    def second(event: int) -> None: ...

    @tickets.router
    def third(event: TicketOpened) -> str:
        return ""

    @tickets.map(over="event.nothing", limit=0)
    def fourth() -> None: ...

    tickets.sleep(seconds=-1, after=second)
    with pytest.raises(PipelineInvalid) as raised:
        tickets.check()
    found = [problem.split(": found ")[1].split(";")[0] for problem in raised.value.problems]
    assert found == [
        "deadline_seconds=-1",
        "retries=-1",
        "the output type Plain",
        "'nobody', which is no node",
        "the type int",
        "'nothing', which is no node",
        "a router without a branch",
        "limit=0",
        "a map without the parameter 'item'",
        "'event.nothing', which is no node",
        "a sleep of -1 s",
    ]
