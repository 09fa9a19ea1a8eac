"""What a router may return."""

import pytest

from headrace.engine import Fallback, Pipeline
from headrace.errors import UnknownBranch


def a_choice(tickets: Pipeline) -> None:
    """Two branches behind a router that is to be declared."""

    @tickets.node(after="way")
    def left() -> str:
        return "left"

    @tickets.node(after="way")
    def right() -> str:
        return "right"


def test_a_router_may_return_a_node_itself(tickets: Pipeline) -> None:
    @tickets.router
    def way() -> object:
        return left

    @tickets.node(after=way)
    def left() -> str:
        return "left"

    @tickets.node(after=way)
    def right() -> str:
        return "right"

    assert tickets.run({}).nodes == {"way": "left", "left": "left"}


def test_a_router_may_return_several_nodes_and_names(tickets: Pipeline) -> None:
    @tickets.router
    async def way() -> object:
        return [right, "left"]

    @tickets.node(after=way)
    def left() -> str:
        return "left"

    @tickets.node(after=way)
    def right() -> str:
        return "right"

    assert tickets.run({}).nodes == {"way": ["right", "left"], "left": "left", "right": "right"}


def test_what_stands_in_for_a_router_chooses_a_branch(tickets: Pipeline) -> None:
    @tickets.router(retries=0, on_error=Fallback("right"))
    def way() -> str:
        raise ValueError("no map")

    a_choice(tickets)
    assert tickets.run({}).nodes == {"way": "right", "right": "right"}


def test_what_stands_in_for_a_router_cannot_choose_what_is_not_behind_it(tickets: Pipeline) -> None:
    @tickets.router(retries=0, on_error=Fallback("up"))
    def way() -> str:
        raise ValueError("no map")

    a_choice(tickets)
    with pytest.raises(UnknownBranch, match="'up'"):
        tickets.run({})
