"""Nodes that loop, sleep for ever or end their process: they fail, and nobody beside them does."""

from uuid import UUID

import pytest

from headrace.domain.event import NewEvent
from tests.support.installation import Installation
from tests.support.steps import new_event

pytestmark = pytest.mark.slow

#: Events that await something while a bad one runs.
NEIGHBOURS = 500


def slow_events(seconds: float) -> list[NewEvent]:
    return [new_event("slow", seconds=seconds) for _ in range(NEIGHBOURS)]


def failure(installation: Installation, event_id: UUID) -> tuple[str, str | None, str]:
    """Reason, node and code of the error of a failed event."""
    result = installation.storage.result(event_id)
    return result["reason"], result["node"], result["error"]["code"]


def test_nodes_that_take_too_long_or_crash_apart_fail_by_themselves(installation: Installation) -> None:
    supervisor = installation.start_worker("neighbours", grace_seconds="0.5")
    expected = [
        (new_event("late"), ("node-failed", "never_wake", "node-timeout")),
        (new_event("deaf"), ("node-failed", "never_listen", "node-timeout")),
        (new_event("sleepy"), ("node-failed", "sleep", "node-timeout")),
        (new_event("busy", way="loops"), ("node-failed", "compute", "node-timeout")),
        (new_event("busy", way="sleeps"), ("node-failed", "compute", "node-timeout")),
        (new_event("busy", way="exits"), ("node-failed", "compute", "process-died")),
        (new_event("busy", way="crashes"), ("node-failed", "compute", "process-died")),
    ]

    ids = installation.accept(*slow_events(seconds=1.0), *(culprit for culprit, _ in expected))

    neighbours, culprits = ids[:NEIGHBOURS], ids[NEIGHBOURS:]
    installation.wait_until_all_are("succeeded", neighbours)
    installation.wait_until_all_are("failed", culprits)
    assert [failure(installation, event_id) for event_id in culprits] == [outcome for _, outcome in expected]
    assert installation.storage.rows("SELECT DISTINCT attempt FROM headrace.results") == [(1,)]
    supervisor.terminate()
    assert supervisor.exit_code() == 0
    assert "worker process died" not in supervisor.log.read_text()


@pytest.mark.parametrize("way", ["loops", "crashes"])
def test_a_node_that_ends_its_process_fails_and_its_neighbours_succeed(installation: Installation, way: str) -> None:
    installation.start_worker("neighbours", stuck_seconds="2")

    ids = installation.accept(*slow_events(seconds=0.2), new_event("bad", way=way))

    *neighbours, culprit = ids
    installation.wait_until_all_are("succeeded", neighbours, timeout_seconds=90.0)
    installation.wait_until_all_are("failed", [culprit], timeout_seconds=90.0)
    assert failure(installation, culprit) == ("worker-lost", None, "worker-lost")
    assert {outcome for _, outcome, _ in installation.storage.attempts(culprit)} == {"lost"}
