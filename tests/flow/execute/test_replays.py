"""Replays from the start, from a failure, from a node: which nodes are called, with which keys, what they emit."""

from uuid import UUID

import pytest

from headrace.domain.ids import derived_id
from headrace.domain.states import EventState
from headrace.store.cancelling import cancel
from headrace.store.database import Database
from headrace.store.replaying import replay
from tests.support.replays import ALL, Nodes, declare_tickets, emitted, outputs, past, reach, replay_from, replay_one
from tests.support.stages import working
from tests.support.steps import accept_many
from tests.support.storage import Storage


@pytest.fixture
def nodes() -> Nodes:
    nodes = Nodes()
    declare_tickets(nodes)
    return nodes


async def test_from_the_start_every_node_is_called_with_new_keys_and_emits_anew(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    [event_id] = await accept_many(database, 1)
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event_id)
        assert nodes.take_called() == ALL
        before = dict(nodes.keys)

        assert (await replay_one(database, event_id)).epoch == 2

        await reach(storage, worker, "succeeded", event_id)
    assert nodes.take_called() == ALL
    assert nodes.keys == {name: f"{event_id}.2.{name}" for name in before}
    ids = {derived_id(event_id, f"{epoch}/{node}/0") for epoch in (1, 2) for node in ("first", "add")}
    assert emitted(storage, event_id) == ids
    assert past(storage, event_id) == [(1, 1, "succeeded")]


async def test_a_failed_one_goes_on_with_the_same_keys_and_emits_nothing_twice(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    [event_id] = await accept_many(database, 1)
    nodes.failing = {"double[2]"}
    async with working(storage) as worker:
        await reach(storage, worker, "failed", event_id)
        assert nodes.take_called()["double[2]"] == 1
        assert emitted(storage, event_id) == {derived_id(event_id, "1/first/0")}
        nodes.failing.clear()

        assert (await replay_one(database, event_id, goes_on=True)).epoch == 1

        await reach(storage, worker, "succeeded", event_id)
    assert nodes.take_called() == {"double[2]": 1, "add": 1, "close": 1}
    assert nodes.keys == {name: f"{event_id}.1.{name}" for name in ALL}
    assert emitted(storage, event_id) == {derived_id(event_id, f"1/{node}/0") for node in ("first", "add")}
    assert outputs(storage, event_id)["add"] == 12


async def test_a_succeeded_one_from_a_node_calls_it_and_those_after_it_alone(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    [event_id] = await accept_many(database, 1)
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event_id)
        nodes.take_called()

        replayed = await replay_from(database, event_id, "double")
        assert (replayed.epoch, replayed.before) == (2, EventState.SUCCEEDED)

        await reach(storage, worker, "succeeded", event_id)
    assert nodes.take_called() == {"double[0]": 1, "double[1]": 1, "double[2]": 1, "add": 1, "close": 1}
    assert {name: key for name, key in nodes.keys.items() if ".2." in key} == {
        name: f"{event_id}.2.{name}" for name in ("double[0]", "double[1]", "double[2]", "add", "close")
    }
    assert emitted(storage, event_id) == {derived_id(event_id, path) for path in ("1/first/0", "1/add/0", "2/add/0")}
    assert outputs(storage, event_id) == {
        "first": [1, 2, 3],
        "double": [2, 4, 6],
        "add": 12,
        "aside": "aside",
        "close": None,
    }
    assert past(storage, event_id) == [(1, 1, "succeeded")]
    assert storage.value("SELECT count(*) FROM headrace.checkpoints") == 0


async def test_a_failed_one_from_a_node_keeps_the_items_of_other_maps_and_loses_its_own(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    ids = await accept_many(database, 2)
    nodes.failing = {"double[2]"}
    async with working(storage) as worker:
        await reach(storage, worker, "failed", *ids)
        nodes.take_called()
        nodes.failing.clear()

        await replay_from(database, ids[0], "add")
        await reach(storage, worker, "succeeded", ids[0])
        assert nodes.take_called() == {"double[2]": 1, "add": 1, "close": 1}
        await replay_from(database, ids[1], "double")
        await reach(storage, worker, "succeeded", ids[1])

    assert nodes.take_called() == {"double[0]": 1, "double[1]": 1, "double[2]": 1, "add": 1, "close": 1}
    for event_id in ids:
        assert emitted(storage, event_id) == {derived_id(event_id, path) for path in ("1/first/0", "2/add/0")}


async def test_a_replay_that_fails_goes_on_with_what_it_carried_over(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    [event_id] = await accept_many(database, 1)
    async with working(storage) as worker:
        await reach(storage, worker, "succeeded", event_id)
        nodes.failing = {"add"}
        await replay_from(database, event_id, "double")
        await reach(storage, worker, "failed", event_id)
        nodes.failing.clear()
        nodes.take_called()

        assert (await replay_one(database, event_id, goes_on=True)).epoch == 2

        await reach(storage, worker, "succeeded", event_id)
    assert nodes.take_called() == {"add": 1, "close": 1}
    assert past(storage, event_id) == [(1, 1, "succeeded"), (2, 2, "failed")]


async def test_one_that_was_cancelled_while_it_waited_goes_on_or_begins_at_a_node(
    storage: Storage, database: Database, nodes: Nodes
) -> None:
    ids = await accept_many(database, 2)
    nodes.failing = {"add"}
    async with working(storage) as worker:
        await reach(storage, worker, "failed", *ids)
        for event_id in ids:
            await _cancel_waiting(storage, database, event_id)
        nodes.failing.clear()
        nodes.take_called()

        await replay_one(database, ids[0], goes_on=True)
        await reach(storage, worker, "succeeded", ids[0])
        assert nodes.take_called() == {"add": 1, "close": 1}
        await replay_from(database, ids[1], "aside")
        await reach(storage, worker, "succeeded", ids[1])

    assert nodes.take_called() == {"aside": 1, "add": 1, "close": 1}
    assert past(storage, ids[0]) == [(1, 1, "failed"), (2, 1, "cancelled")]


async def _cancel_waiting(storage: Storage, database: Database, event_id: UUID) -> None:
    """Let a failed event have a run again that waits, and cancel that."""
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [event_id], goes_on=True)
        await connection.execute(database.sql("UPDATE headrace.runs SET rank = 'infinity'"))
        assert (await cancel(connection, database, [event_id], "somebody")).ended == {event_id}
