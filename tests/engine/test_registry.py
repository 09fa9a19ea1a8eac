from dataclasses import dataclass

import pytest

from headrace.engine import EventSchema, Pipeline, PipelineRegistry, schema_hash
from headrace.errors import NotFound, PipelineInvalid, UnknownNode, UnknownPipeline
from tests.engine.support import TicketOpened


class OrderPaid(EventSchema, type="order.paid"):
    pass


@dataclass
class StoredEvent:
    type: str


def test_a_pipeline_registers_itself() -> None:
    orders = Pipeline("orders", OrderPaid)
    assert PipelineRegistry.pipelines() == (orders,)
    assert PipelineRegistry.serving("order.paid") == [orders]


def test_a_pipeline_can_stay_out_and_come_in_later() -> None:
    orders = Pipeline("orders", OrderPaid, register=False)
    assert PipelineRegistry.pipelines() == ()
    PipelineRegistry.register(orders)
    assert PipelineRegistry.pipelines() == (orders,)


@pytest.mark.parametrize("event", [OrderPaid(), EventSchema(type="order.paid"), StoredEvent("order.paid")])
def test_an_event_finds_the_pipeline_of_its_type(event: StoredEvent | EventSchema, tickets: Pipeline) -> None:
    Pipeline("orders", OrderPaid)
    assert PipelineRegistry.get_pipeline(event).name == "orders"


def test_everyone_gets_a_copy_of_their_own() -> None:
    orders = Pipeline("orders", OrderPaid)

    def extra(event: OrderPaid) -> int:
        return 1

    mine = PipelineRegistry.get_pipeline(OrderPaid())
    mine.add_node(extra)
    assert mine.run({}).nodes == {"extra": 1}
    assert PipelineRegistry.get_pipeline(OrderPaid()).run({}).nodes == orders.run({}).nodes == {}


def test_an_unknown_type_is_told_with_the_known_ones(tickets: Pipeline) -> None:
    with pytest.raises(UnknownPipeline, match=r"'order\.paid'; declared: 'ticket\.opened'"):
        PipelineRegistry.get_pipeline(OrderPaid())


def test_with_no_pipeline_at_all_that_is_told() -> None:
    with pytest.raises(UnknownPipeline, match="declared: none"):
        PipelineRegistry.serving("order.paid")


def test_a_pipeline_is_found_by_its_name_in_the_newest_version(tickets: Pipeline) -> None:
    newest = Pipeline("tickets", TicketOpened, version=3)
    assert PipelineRegistry.named("tickets") is newest
    assert PipelineRegistry.named("tickets", 1) is tickets
    with pytest.raises(NotFound, match="has no version 2; there are: 1, 3"):
        PipelineRegistry.named("tickets", 2)
    with pytest.raises(NotFound, match="No pipeline is named 'ticket'; there are: tickets"):
        PipelineRegistry.named("ticket")


def test_after_a_node_come_those_that_need_it_and_those_at_the_end_in_every_pipeline_of_the_type(
    tickets: Pipeline,
) -> None:
    def a(event: TicketOpened) -> int:
        return 1

    def b(a: int) -> int:
        return 1

    def c(b: int) -> int:
        return 1

    def aside(a: int) -> int:
        return 1

    def d(b: int) -> int:
        return 1

    def end() -> None: ...

    tickets.node(a)
    tickets.node(b)
    tickets.node(c)
    tickets.node(aside)
    tickets.finally_(end)
    other = Pipeline("others", TicketOpened, when=lambda event: event.subject == "other")
    other.node(a)
    other.node(b)
    other.node(d)

    assert PipelineRegistry.after("ticket.opened", "b") == {"b", "c", "d", "end"}
    assert PipelineRegistry.after("ticket.opened", "d") == {"d"}
    with pytest.raises(UnknownNode, match="has a node 'e'; there are: 'a', 'aside', 'b', 'c', 'd', 'end'"):
        PipelineRegistry.after("ticket.opened", "e")
    with pytest.raises(UnknownPipeline):
        PipelineRegistry.after("order.paid", "a")


def test_the_types_come_with_the_hashes_of_their_schemas(tickets: Pipeline) -> None:
    Pipeline("orders", OrderPaid)
    assert PipelineRegistry.types() == {
        "ticket.opened": schema_hash(TicketOpened),
        "order.paid": schema_hash(OrderPaid),
    }


def test_a_registry_without_mistakes_passes_its_check(tickets: Pipeline) -> None:
    Pipeline("orders", OrderPaid)
    PipelineRegistry.check()


def test_two_pipelines_without_a_rule_for_one_type_or_of_one_name_and_version_are_mistakes(tickets: Pipeline) -> None:
    Pipeline("tickets again", TicketOpened)
    Pipeline("tickets", OrderPaid)
    with pytest.raises(PipelineInvalid) as raised:
        PipelineRegistry.check()
    assert [problem.split(";")[0] for problem in raised.value.problems] == [
        "pipeline 'tickets': found 2 of this name, version 1",
        "type 'ticket.opened': found 2 pipelines, 'tickets', 'tickets again'",
    ]


def test_the_mistakes_of_all_pipelines_are_told_at_once(tickets: Pipeline) -> None:
    orders = Pipeline("orders", OrderPaid)
    for pipeline in (tickets, orders):

        @pipeline.node
        def reply(nobody: int) -> None: ...

    with pytest.raises(PipelineInvalid) as raised:
        PipelineRegistry.check()
    assert [problem.split(",")[0] for problem in raised.value.problems] == [
        "pipeline 'tickets'",
        "pipeline 'orders'",
    ]


def test_clear_forgets_all(tickets: Pipeline) -> None:
    PipelineRegistry.clear()
    assert PipelineRegistry.pipelines() == ()


def test_what_is_declared_in_isolation_is_gone_afterwards(tickets: Pipeline) -> None:
    with PipelineRegistry.isolated():
        assert PipelineRegistry.pipelines() == ()
        Pipeline("orders", OrderPaid)
        Pipeline("tickets too", TicketOpened)
    assert PipelineRegistry.pipelines() == (tickets,)
