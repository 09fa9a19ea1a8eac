from collections.abc import Iterator
from typing import Any

import pytest

from headrace.engine import EventSchema, Pipeline, PipelineRegistry
from headrace.engine.attempt.done import Done
from headrace.engine.foreground import Seen, foreground_of
from headrace.engine.traces.leaving import drop_note
from headrace.testing import run_pipeline


class Ordered(EventSchema, type="seen.ordered"):
    order_id: int = 7


@pytest.fixture(autouse=True)
def empty_registry() -> Iterator[None]:
    with PipelineRegistry.isolated():
        yield


@pytest.fixture
def orders() -> Pipeline:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node
    def reserve(event: Ordered) -> int:
        return event.order_id

    @pipeline.node(retries=0)
    def charge(reserve: int) -> int:
        return reserve + 1

    @pipeline.router
    def choose(charge: int) -> str:
        return "ship" if charge else "refuse"

    @pipeline.node(after="choose")
    def ship(charge: int) -> int:
        return charge + 1

    @pipeline.node(after="choose")
    def refuse(charge: int) -> int:
        return 0

    return pipeline


async def see(pipeline: Pipeline, context: Any = None, node: str | None = None) -> tuple[Seen, list[str]]:
    """What became of an event, and the nodes that were called."""
    called: list[str] = []

    def take(name: str, done: Done) -> None:
        called.append(name)

    seen = await foreground_of(pipeline, context, node).run(Ordered(), take, drop_note)
    return seen, called


async def test_all_nodes_are_called_where_nothing_is_known(orders: Pipeline) -> None:
    seen, called = await see(orders)
    assert (seen.state, called) == ("succeeded", ["reserve", "charge", "choose", "ship"])


async def test_a_node_is_called_with_the_outputs_that_are_known(orders: Pipeline) -> None:
    context = {**run_pipeline(orders, Ordered(), nodes={"charge": 40}).context}
    assert (await see(orders, context, "ship"))[1] == ["ship"]
    seen, called = await see(orders, context, "charge")
    assert called == ["charge"]
    assert b'"charge":8' in seen.context
    del context["nodes"]["charge"]
    assert (await see(orders, context, "ship"))[1] == ["charge", "ship"]


async def test_an_output_that_does_not_fit_its_node_any_more_is_made_again(orders: Pipeline) -> None:
    context = run_pipeline(orders, Ordered(), nodes={"reserve": lambda: "seven", "charge": lambda: 3}).context
    assert (await see(orders, context, "charge"))[1] == ["reserve", "charge"]


async def test_a_failed_event_goes_on_where_it_failed(orders: Pipeline) -> None:
    failed = run_pipeline(orders, Ordered(), failures={"charge": 1})
    assert failed.state == "failed"
    assert (await see(orders, failed.context))[1] == ["charge", "choose", "ship"]


async def test_a_node_that_is_asked_for_is_run_whatever_its_router_chooses(orders: Pipeline) -> None:
    assert (await see(orders, node="refuse"))[1] == ["reserve", "charge", "refuse"]
    context = run_pipeline(orders, Ordered()).context
    assert (await see(orders, context, "refuse"))[1] == ["refuse"]


async def test_what_a_router_did_not_choose_is_not_run_for_a_node_behind_it(orders: Pipeline) -> None:
    @orders.join
    def end(ship: int | None, refuse: int | None) -> list[int | None]:
        return [ship, refuse]

    seen, called = await see(orders, node="end")
    assert called == ["reserve", "charge", "choose", "ship", "end"]
    assert b'"end":[9,null]' in seen.context
    context = run_pipeline(orders, Ordered()).context
    assert (await see(orders, context, "end"))[1] == ["end"]


async def test_a_node_that_needs_what_was_not_chosen_is_skipped(orders: Pipeline) -> None:
    @orders.node
    def mail(refuse: int) -> int:
        return refuse

    seen, called = await see(orders, node="mail")
    assert (seen.state, called) == ("succeeded", ["reserve", "charge", "choose"])
    assert b'"mail":{"state":"skipped"}' in seen.context


async def test_a_router_can_be_run_alone_and_tells_names(orders: Pipeline) -> None:
    @orders.router
    def pick(reserve: int) -> Any:
        return [send, None]

    @orders.node(after=pick)
    def send(event: Ordered) -> int:
        return 0

    seen, called = await see(orders, node="pick")
    assert (seen.state, called) == ("succeeded", ["reserve", "pick"])
    assert b'"pick":["send"]' in seen.context


async def test_a_node_that_fails_is_called_once(orders: Pipeline) -> None:
    calls = 0

    @orders.node(backoff=[0, 0, 0])
    def fail(event: Ordered) -> None:
        nonlocal calls
        calls += 1
        raise OSError("no")

    seen, _ = await see(orders, node="fail")
    assert (seen.state, seen.node, calls) == ("failed", "fail", 1)
    assert isinstance(seen.error, OSError)
