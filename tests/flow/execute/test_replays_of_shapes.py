"""Replays from a node, where other nodes let the run end, choose, or were skipped."""

import pytest

from headrace.engine import Pipeline, TaskContext
from headrace.store.database import Database
from tests.support.replays import Nodes, TicketOpened, outputs, reach, replay_from
from tests.support.stages import working
from tests.support.steps import TYPE, accept, accept_many, new_event
from tests.support.storage import Storage


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


async def test_a_node_that_let_the_run_end_is_carried_over_and_spares_what_is_called_again(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    pipeline = Pipeline("tickets", TicketOpened)

    @pipeline.node
    async def first(event: TicketOpened, context: TaskContext) -> None:
        nodes.call("first", context)
        context.finish()

    @pipeline.node(after="first")
    async def second(context: TaskContext) -> None:
        nodes.call("second", context)

    @pipeline.node(after="first")
    async def third(context: TaskContext) -> None:
        nodes.call("third", context)

    [event_id] = await accept_many(database, 1)
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event_id)
        assert nodes.take_called() == {"first": 1}
        nodes.failing = {"second"}
        await replay_from(database, event_id, "second")
        await reach(storage, worker, "failed", event_id)
        assert nodes.take_called() == {"second": 1}
        nodes.failing.clear()

        await replay_from(database, event_id, "third")
        await reach(storage, worker, "succeeded", event_id)

    assert nodes.take_called() == {"third": 1}
    states = storage.result(event_id)["task_context"]["metadata"]["nodes"]
    assert {name: node["state"] for name, node in states.items()} == {
        "first": "succeeded",
        "second": "skipped",
        "third": "succeeded",
    }


async def test_routers_and_nodes_that_were_skipped_keep_their_place(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    pipeline = Pipeline("tickets", TicketOpened)

    @pipeline.router
    async def choose(event: TicketOpened, context: TaskContext) -> str:
        nodes.call("choose", context)
        return "left"

    @pipeline.node(after="choose", on_error="skip", retries=0)
    async def left(context: TaskContext) -> None:
        nodes.call("left", context)

    @pipeline.node(after="choose")
    async def right(context: TaskContext) -> None:
        nodes.call("right", context)

    @pipeline.join(after=["left", "right"])
    async def both(event: TicketOpened, context: TaskContext) -> str:
        nodes.call("both", context)
        return "both"

    @pipeline.node
    async def last(event: TicketOpened, context: TaskContext) -> str:
        nodes.call("last", context)
        return "last"

    [event_id] = await accept_many(database, 1)
    nodes.failing = {"left"}
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event_id)
        before = storage.result(event_id)["task_context"]
        nodes.take_called()
        nodes.failing.clear()

        await replay_from(database, event_id, "last")
        await reach(storage, worker, "succeeded", event_id)
        assert nodes.take_called() == {"last": 1}
        after = storage.result(event_id)["task_context"]
        assert after["nodes"] == before["nodes"]
        for name in ("choose", "left", "right", "both"):
            assert after["metadata"]["nodes"][name] == before["metadata"]["nodes"][name]

        await replay_from(database, event_id, "right")
        await reach(storage, worker, "succeeded", event_id)
        assert "right" not in nodes.take_called()  # which was not chosen
        await replay_from(database, event_id, "choose")
        await reach(storage, worker, "succeeded", event_id)
    assert {"choose", "left"} <= set(nodes.take_called())


@pytest.mark.parametrize(
    "context", ["null", "5", '"text"', "[1]", '{"nodes": [1]}', '{"nodes": {"a": 1}, "metadata": {"nodes": {"a": 2}}}']
)
async def test_a_context_that_a_user_wrote_may_have_any_form(
    storage: Storage, database: Database, context: str
) -> None:
    pipeline = Pipeline("tickets", TicketOpened)

    @pipeline.node
    async def a(event: TicketOpened) -> int:
        return 3

    @pipeline.node
    async def b(a: int) -> int:
        return a + 1

    [event_id] = await accept_many(database, 1)
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event_id)
        storage.rows("UPDATE headrace.results SET task_context = %s::json WHERE event_id = %s", context, event_id)
        await replay_from(database, event_id, "b")
        await reach(storage, worker, "succeeded", event_id)
    assert outputs(storage, event_id)["b"] == (2 if '"a": 1' in context else 4)


async def test_what_was_waited_for_is_not_waited_for_again(storage: Storage, database: Database, nodes: Nodes) -> None:
    pipeline = Pipeline("tickets", TicketOpened)
    nap = pipeline.sleep(seconds=0.1, name="nap")
    paid = pipeline.wait_for("ticket.paid", key="number", timeout=0.1, name="paid", after=nap)

    @pipeline.node(after=paid)
    async def last(event: TicketOpened, context: TaskContext) -> str:
        nodes.call("last", context)
        return "last"

    await accept(database, event := new_event(TYPE, number=7))
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event.id)
        before = storage.result(event.id)["task_context"]

        await replay_from(database, event.id, "last")
        await reach(storage, worker, "succeeded", event.id)

    assert nodes.called == {"last": 2}
    after = storage.result(event.id)["task_context"]
    assert after["nodes"] == before["nodes"]
    for name in ("nap", "paid"):
        assert after["metadata"]["nodes"][name] == before["metadata"]["nodes"][name]
