from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from headrace.engine import Fallback, Node, Pipeline, Resource, Secret
from headrace.errors import PipelineInvalid
from headrace.testing import run_pipeline
from tests.testing.support import Ordered


def test_values_and_functions_stand_in_for_nodes(orders: Pipeline) -> None:
    async def charge(event: Ordered) -> str:
        return f"pretended {event.order_id}"

    run = run_pipeline(orders, Ordered(), nodes={"reserve": 3, "charge": charge})
    assert run.outputs["ship"] == "pretended 7, shipped"
    assert run.outputs["reserve"] == 3
    assert run.calls["reserve"] == 1


def test_resources_are_replaced_and_secrets_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTING_CARD_KEY", "of the environment")
    pipeline = Pipeline("orders", Ordered)

    def connect() -> dict[str, str]:
        raise AssertionError("it is replaced")

    @pipeline.node
    def charge(
        bank: Annotated[dict[str, str], Resource(connect)], key: Annotated[str, Secret("TESTING_CARD_KEY")]
    ) -> bool:
        return bank["key"] == key

    given: dict[Any, Any] = {connect: {"key": "sesame-open-1"}}
    run = run_pipeline(pipeline, Ordered(), resources=given, secrets={"TESTING_CARD_KEY": "sesame-open-1"})
    assert run.outputs == {"charge": True}
    missing = run_pipeline(pipeline, Ordered(), resources=given)
    assert (missing.state, missing.calls["charge"]) == ("failed", 0)
    assert missing.error is not None
    assert "TESTING_CARD_KEY" in missing.error.message


class Charging(Node):
    """As a class."""

    def __init__(self, fee: int) -> None:
        self.fee = fee

    async def process(self, event: Ordered) -> int:
        return event.order_id + self.fee


def test_nodes_that_are_classes_are_run_replaced_and_made_to_fail() -> None:
    pipeline = Pipeline("orders", Ordered)
    pipeline.add_node(Charging(3))
    run = run_pipeline(pipeline, Ordered(), failures={"charging": 1})
    assert (run.outputs, run.calls) == ({"charging": 10}, {"charging": 2})
    assert run_pipeline(pipeline, Ordered(), nodes={"charging": Charging(4)}).outputs == {"charging": 11}


def test_what_stands_in_for_a_failure_is_seen() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node(retries=0, on_error=Fallback("later"))
    def charge(event: Ordered) -> str:
        return "now"

    run = run_pipeline(pipeline, Ordered(), failures={"charge": 1})
    assert (run.outputs, run.states, run.error) == ({"charge": "later"}, {"charge": "succeeded"}, None)


def test_a_resource_that_is_not_replaced_is_opened_once_and_closed_at_the_end() -> None:
    pipeline = Pipeline("orders", Ordered)
    told: list[str] = []

    def connect() -> Iterator[str]:
        told.append("opened")
        yield "bank"
        told.append("closed")

    @pipeline.node(backoff=[60])
    def charge(bank: Annotated[str, Resource(connect)]) -> str:
        told.append("charged")
        return bank

    run = run_pipeline(pipeline, Ordered(), failures={"charge": 1})
    assert (run.state, told) == ("succeeded", ["opened", "charged", "closed"])


def test_a_secret_is_masked_as_it_is_where_it_is_stored() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node
    def charge(key: Annotated[str, Secret("TESTING_CARD_KEY")]) -> str:
        return f"with {key}"

    run = run_pipeline(pipeline, Ordered(), secrets={"TESTING_CARD_KEY": "sesame-open-2"})
    assert run.outputs == {"charge": "with ***"}


def test_each_attempt_sees_the_event_as_it_was_accepted() -> None:
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node(backoff=[60])
    def charge(event: Ordered) -> int:
        event.order_id += 1
        if event.order_id == 8 and not seen:
            seen.append(event.order_id)
            raise OSError
        return event.order_id

    seen: list[int] = []
    assert run_pipeline(pipeline, Ordered()).outputs == {"charge": 8}


def _in_a_process(event: Ordered) -> int:
    return event.order_id


def test_a_node_of_the_cpu_needs_no_process() -> None:
    pipeline = Pipeline("orders", Ordered)
    pipeline.node(process=True)(_in_a_process)
    run = run_pipeline(pipeline, Ordered(), crashes=["_in_a_process"])
    assert (run.outputs, run.calls) == ({"_in_a_process": 7}, {"_in_a_process": 2})


def test_names_that_are_no_nodes_are_told_at_once(paying: Pipeline) -> None:
    with pytest.raises(PipelineInvalid, match=r"no node 'pay'(?s:.)*no node 'shop'"):
        run_pipeline(paying, Ordered(), failures={"pay": 1}, crashes=["shop"])
    with pytest.raises(PipelineInvalid, match="arrivals"):
        run_pipeline(paying, Ordered(), nodes={"paid": None})
