import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import pytest

from headrace.engine import EventSchema, Pipeline
from tests.engine.support import TicketOpened, the_mistake_of


class Paid(EventSchema, type="invoice.paid", match="invoice_id"):
    invoice_id: str


def test_a_router_without_a_branch_is_told(tickets: Pipeline) -> None:
    @tickets.router
    def route(event: TicketOpened) -> str:
        return ""

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'route': found a router without a branch; wanted nodes behind it; "
        'hint: as in node(after="route")'
    )


def test_a_branch_that_is_not_behind_the_router_is_told(tickets: Pipeline) -> None:
    @tickets.router
    def route(event: TicketOpened) -> Literal["left", "rigth"]:
        return "left"

    for name in ("left", "right"):
        tickets.node(after=route)(named(name))
    [first, second] = tickets.mistakes()
    assert first == (
        "pipeline 'tickets', node 'route', parameter 'return': found the choice 'rigth', which is not behind it; "
        "wanted one of left, right; hint: did you mean 'right'?"
    )
    assert second == (
        "pipeline 'tickets', node 'right': found 'right', which the router 'route' never chooses; "
        "wanted a node that can be reached; "
        "hint: add 'right' to the router's Literal, or take the node away from behind it"
    )


def test_a_join_of_nothing_is_told(tickets: Pipeline) -> None:
    @tickets.join
    def gather(event: TicketOpened) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'gather': found a join of nothing; wanted nodes before it; "
        "hint: take their outputs, or name them in `after`"
    )


def test_an_unknown_name_in_any_is_told(tickets: Pipeline) -> None:
    @tickets.join(any=["nobody"])
    def gather(event: TicketOpened) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'gather', parameter 'any': found 'nobody', which is no node; wanted one of ; "
        "hint: declare the node, or drop this input"
    )


def test_a_join_must_take_none_for_what_is_missing(tickets: Pipeline) -> None:
    tickets.node(named("left"))

    @tickets.join
    def gather(left: int) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'gather', parameter 'left': found the type int; "
        "wanted int | None, which is what it gets; hint: write left: int | None"
    )


def test_a_map_over_something_unknown_is_told(tickets: Pipeline) -> None:
    @tickets.map(over="nobody")
    def each(item: str) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'each', parameter 'over': found 'nobody', which is no node; "
        "wanted one of event; hint: declare the node, or drop this input"
    )


def test_a_map_over_an_unknown_field_is_told(tickets: Pipeline) -> None:
    @tickets.map(over="event.bodies")
    def each(item: str) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'each', parameter 'over': found 'event.bodies', which is no node; "
        "wanted one of event.type, event.subject, event.body; hint: did you mean 'event.body'?"
    )


def test_a_map_over_what_is_no_list_is_told(tickets: Pipeline) -> None:
    @tickets.map(over="event.body")
    def each(item: str) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'each', parameter 'over': found the type str; wanted a list; "
        "hint: a map goes over the items of a list"
    )


def test_a_map_without_an_item_is_told(tickets: Pipeline) -> None:
    tickets.node(named("pages", list[str]))

    @tickets.map(over="pages")
    def each() -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'each': found a map without the parameter 'item'; wanted one; "
        "hint: the items come in it, one a call"
    )


def test_a_limit_of_none_at_once_is_told(tickets: Pipeline) -> None:
    tickets.node(named("pages", list[str]))

    @tickets.map(over="pages", limit=0)
    def each(item: str) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'each': found limit=0; wanted 1 or more; hint: leave it out for 10 at once"
    )


def test_an_item_of_another_type_is_told(tickets: Pipeline) -> None:
    tickets.node(named("pages", list[str]))

    @tickets.map(over="pages")
    def each(item: int) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'each', parameter 'item': found the type int; "
        "wanted str, which is what it gets; hint: write item: str"
    )


def test_what_takes_a_map_takes_a_list(tickets: Pipeline) -> None:
    tickets.node(named("pages", list[str]))

    @tickets.map(over="pages")
    def each(item: str) -> int:
        return 1

    @tickets.node
    def total(each: int) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'total', parameter 'each': found the type int; "
        "wanted list[int], which is what it gets; hint: write each: list[int]"
    )


def test_a_node_behind_an_ending_is_told(tickets: Pipeline) -> None:
    @tickets.finally_
    def close(event: TicketOpened) -> int:
        return 1

    @tickets.node
    def behind(close: int) -> None: ...

    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'behind', parameter 'close': found 'close', which runs at the end; "
        "wanted a node that runs before; hint: drop this input"
    )


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0"), (-2, "-2"), (math.inf, "inf")])
def test_a_sleep_that_is_no_time_is_told(seconds: float, shown: str, tickets: Pipeline) -> None:
    tickets.sleep(seconds=seconds)
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node 'sleep': found a sleep of {shown} s; wanted a time above 0; "
        "hint: as in sleep(hours=2)"
    )


def test_a_wait_for_a_class_without_a_match_field_is_told(tickets: Pipeline) -> None:
    tickets.wait_for("order.lost", key="subject")
    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'order_lost': found a wait for 'order.lost', of which no class names one of "
        "its fields as `match`; wanted a class that does; hint: "
        'class …(EventSchema, type="order.lost", match="order_id")'
    )


@pytest.mark.parametrize(("timeout", "shown"), [(0, "0"), (timedelta(seconds=-3), "-3")])
def test_a_timeout_of_no_time_is_told(timeout: Any, shown: str, tickets: Pipeline) -> None:
    tickets.wait_for(Paid.event_type, key="subject", timeout=timeout)
    assert the_mistake_of(tickets) == (
        f"pipeline 'tickets', node 'invoice_paid': found timeout={shown}; wanted a time above 0; "
        "hint: leave it out to wait for ever"
    )


def test_a_key_that_is_nothing_is_told(tickets: Pipeline) -> None:
    tickets.wait_for(Paid.event_type, key="subjet")
    assert the_mistake_of(tickets) == (
        "pipeline 'tickets', node 'invoice_paid', parameter 'key': found 'subjet', which is no node; "
        "wanted one of type, subject, body; hint: did you mean 'subject'?"
    )


@pytest.mark.parametrize("key", ["subject", "event.subject", "create", "create.id"])
def test_a_key_may_be_a_field_a_node_or_a_path(key: str, tickets: Pipeline) -> None:
    tickets.node(named("create", dict))
    tickets.wait_for(Paid.event_type, key=key)
    tickets.check()


def named(name: str, kind: Any = int) -> Callable[[], Any]:
    """A function of this name that returns this type."""

    def made() -> Any: ...

    made.__name__ = name
    made.__annotations__["return"] = kind
    return made


def test_a_map_over_a_set_has_no_order_to_keep_its_items_by(tickets: Pipeline) -> None:
    @tickets.node
    def words(event: TicketOpened) -> set[str]:
        return set(event.body.split())

    @tickets.map(over=words)
    def each(item: str) -> str:
        return item

    assert "found the type set[str]; wanted a list" in the_mistake_of(tickets)


def test_a_match_that_is_no_field_is_told_where_it_is_waited_for(tickets: Pipeline) -> None:
    class Closed(EventSchema, type="ticket.closed", match="ticket"):
        ticket_id: int

    tickets.wait_for("ticket.closed", key="subject")

    assert "wait for 'ticket.closed', of which no class names one of its fields" in the_mistake_of(tickets)


def test_an_unknown_option_is_refused_with_the_nearest_that_there_is(tickets: Pipeline) -> None:
    with pytest.raises(TypeError, match="'timeout' is no option of a node; did you mean 'timeout_seconds'"):
        tickets.node(timeout=5)  # type: ignore[call-overload]  # that is the mistake
