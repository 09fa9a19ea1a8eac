"""What is kept is never done again, whoever dies: each node tells a table of the user's own that it was called."""

import signal
from collections.abc import Sequence
from uuid import UUID

import orjson
import pytest

from headrace.domain.event import NewEvent
from headrace.domain.ids import derived_id
from headrace.store.body import unpack
from tests.support.installation import Installation
from tests.support.steps import new_event
from tests.support.waiting import wait_until
from tests.worker.conftest import Calls

pytestmark = pytest.mark.slow

#: The nodes of the pipelines in `tests/support/apps/kept.py`, in their order.
ORDER_NODES = ["reserve", "charge", "notice", "pack", "send"]
LIGHT_NODES = ["look", "weigh", "note", "say"]


def hanging_events(type_: str, nodes: Sequence[str]) -> list[NewEvent]:
    """An event for each node, whose first call never ends."""
    return [new_event(type_, name=node, hangs_at=node) for node in nodes]


def wait_until_all_hang(calls: Calls, nodes: Sequence[str]) -> None:
    wait_until(lambda: all(calls.of(node)[node] == 1 for node in nodes), "each event hangs at its node")


def check_each_ran_once_but_the_hanging(calls: Calls, nodes: Sequence[str]) -> None:
    for hanging in nodes:
        assert calls.of(hanging) == {node: 2 if node == hanging else 1 for node in nodes}


def outputs(installation: Installation, event_id: UUID) -> dict[str, object]:
    nodes: dict[str, object] = installation.storage.result(event_id)["task_context"]["nodes"]
    return nodes


def noticed(installation: Installation) -> list[tuple[UUID, UUID, dict[str, object]]]:
    """Id, parent and body of the events that nodes emitted."""
    rows = installation.storage.rows("SELECT id, parent_id, body FROM headrace.events WHERE type = 'noticed'")
    return [(event_id, parent_id, orjson.loads(unpack(body))) for event_id, parent_id, body in rows]


def test_after_a_kill_in_the_middle_of_five_nodes_another_process_goes_on_and_each_kept_node_ran_once(
    installation: Installation, calls: Calls
) -> None:
    supervisor = installation.start_worker("kept")
    ids = installation.accept(*hanging_events("ordered", ORDER_NODES))
    wait_until_all_hang(calls, ORDER_NODES)
    [victim] = supervisor.children()
    emitted_before_the_end = noticed(installation)

    victim.kill()

    installation.wait_until_all_are("succeeded", ids)
    check_each_ran_once_but_the_hanging(calls, ORDER_NODES)
    for name, event_id in zip(ORDER_NODES, ids, strict=True):
        assert outputs(installation, event_id)["send"] == ORDER_NODES
        assert installation.storage.attempts(event_id) == [(1, "lost", None)]
        assert calls.pids(name) - {victim.pid}
    assert installation.storage.value("SELECT count(*) FROM headrace.checkpoints") == 0
    assert emitted_before_the_end == []
    assert sorted(noticed(installation)) == sorted(
        (derived_id(event_id, "1/notice/0"), event_id, {"type": "noticed", "order": name})
        for name, event_id in zip(ORDER_NODES, ids, strict=True)
    )


def test_after_a_kill_in_the_middle_of_a_map_each_kept_item_ran_once(installation: Installation, calls: Calls) -> None:
    supervisor = installation.start_worker("kept")
    [event_id] = installation.accept(new_event("listed", name="map", hangs_at="double 4", items=list(range(9))))
    kept = "SELECT count(*) FROM headrace.checkpoints WHERE node = 'double' AND item >= 0"
    wait_until(lambda: installation.storage.value(kept) == 8, "all other items are kept")
    [victim] = supervisor.children()

    victim.kill()

    installation.wait_until_all_are("succeeded", [event_id])
    ran_once = dict.fromkeys((f"double {item}" for item in range(9)), 1)
    assert calls.of("map") == {**ran_once, "double 4": 2, "add": 1}
    assert outputs(installation, event_id) == {"double": [2 * item for item in range(9)], "add": 72}


def test_a_worker_that_is_asked_to_end_gives_back_all_that_is_finished_however_light_it_was(
    installation: Installation, calls: Calls
) -> None:
    supervisor = installation.start_worker("kept", grace_seconds="0.3")
    orders = installation.accept(*hanging_events("ordered", ORDER_NODES))
    light = installation.accept(*hanging_events("light", LIGHT_NODES))
    ids = [*orders, *light]
    wait_until_all_hang(calls, [*ORDER_NODES, *LIGHT_NODES])

    supervisor.signal(signal.SIGTERM)

    assert supervisor.exit_code() == 0
    assert installation.storage.states(ids) == ["queued"] * len(ids)
    installation.start_worker("kept")
    installation.wait_until_all_are("succeeded", ids)
    check_each_ran_once_but_the_hanging(calls, ORDER_NODES)
    check_each_ran_once_but_the_hanging(calls, LIGHT_NODES)
    assert all(outputs(installation, event_id)["send"] == ORDER_NODES for event_id in orders)
    assert all(outputs(installation, event_id)["say"] == LIGHT_NODES for event_id in light)
    assert all(installation.storage.attempts(event_id) == [] for event_id in ids)
    assert {installation.storage.result(event_id)["attempt"] for event_id in ids} == {2}


def test_a_run_that_waits_for_its_retry_keeps_what_is_finished(installation: Installation, calls: Calls) -> None:
    installation.start_worker("kept")
    [event_id] = installation.accept(new_event("late", name="late"))

    installation.wait_until_all_are("waiting", [event_id])

    run = installation.storage.run(event_id)
    assert (run["reason"], run["failures"]) == ("retry", {"fetch": 1})
    installation.wait_until_all_are("succeeded", [event_id])
    assert calls.of("late") == {"ask": 1, "begin": 1, "fetch": 2}
    assert outputs(installation, event_id)["fetch"] == ["ask", "begin", "fetch"]
    assert installation.storage.result(event_id)["attempt"] == 2
    assert installation.storage.attempts(event_id) == [(1, "failed", "fetch")]
