"""Runs that wait for a moment or for an event hold no process, and go on in whichever there is."""

from uuid import UUID

import pytest
from httpx2 import Client

from headrace.domain.event import NewEvent
from tests.support.installation import Installation
from tests.support.steps import new_event

pytestmark = pytest.mark.slow


def paid(order_id: int, amount: int = 5) -> NewEvent:
    return new_event("order.paid", match_key=str(order_id), order_id=order_id, amount=amount)


def send(client: Client, type_: str, **data: object) -> UUID:
    answer = client.post("/events", json={"type": type_, **data})
    assert answer.status_code == 202
    return UUID(answer.json()["id"])


def outputs(installation: Installation, event_id: UUID) -> dict[str, object]:
    nodes: dict[str, object] = installation.storage.result(event_id)["task_context"]["nodes"]
    return nodes


def reasons(installation: Installation, ids: list[UUID]) -> list[tuple[str, str | None, UUID | None]]:
    """State, reason and owner of each run."""
    runs = [installation.storage.run(event_id) for event_id in ids]
    return [(run["state"], run["reason"], run["owner"]) for run in runs]


def test_sleeping_and_waiting_runs_survive_a_restart_of_all_processes(installation: Installation) -> None:
    supervisor = installation.start_worker("patient")
    [first] = supervisor.children()
    [sleeper, waiter] = ids = installation.accept(new_event("drowsy"), new_event("ordered", order_id=1))
    installation.wait_until_all_are("waiting", ids)
    before = reasons(installation, ids)

    supervisor.terminate()
    assert supervisor.exit_code() == 0
    assert reasons(installation, ids) == before == [("waiting", "sleep", None), ("waiting", "wait", None)]
    [second] = installation.start_worker("patient").children()
    _, client = installation.start_api("patient")
    send(client, "order.paid", order_id=1, amount=5)

    installation.wait_until_all_are("succeeded", ids)
    assert outputs(installation, sleeper)["get_up"] == [first.pid, second.pid]
    assert outputs(installation, waiter)["reserve"] == first.pid
    assert installation.storage.value("SELECT count(*) FROM headrace.waits") == 0
    assert [installation.storage.attempts(event_id) for event_id in ids] == [[], []]


def test_an_event_satisfies_a_wait_that_is_registered_before_or_after_it(installation: Installation) -> None:
    _, client = installation.start_api("patient")
    early = send(client, "ordered", order_id=1)
    send(client, "order.paid", order_id=2, amount=-1)
    too_early = send(client, "ordered", order_id=2)
    send(client, "order.paid", order_id=1, amount=10)
    installation.start_worker("patient")
    late = send(client, "ordered", order_id=3)
    installation.wait_until_all_are("waiting", [late, too_early])
    seen = client.get(f"/events/{late}").json()

    send(client, "order.paid", order_id=3, amount=30)
    installation.wait_until_all_are("succeeded", [early, late])
    assert installation.storage.states([too_early]) == ["waiting"]
    send(client, "order.paid", order_id=2, amount=20)

    installation.wait_until_all_are("succeeded", [too_early])
    assert [outputs(installation, event_id)["ship"] for event_id in (early, too_early, late)] == [10, 20, 30]
    assert outputs(installation, early)["order_paid"] == {"type": "order.paid", "order_id": 1, "amount": 10}
    assert (seen["state"], seen["reason"]) == ("waiting", "wait")
    [wait] = seen["waits"]
    assert (wait["node"], wait["type"], wait["match_key"]) == ("order_paid", "order.paid", "3")


def test_an_event_of_which_nobody_told_is_found_by_the_relay(installation: Installation) -> None:
    installation.start_worker("patient")
    ids = installation.accept(new_event("ordered", order_id=1))
    installation.wait_until_all_are("waiting", ids)

    installation.accept(paid(1))

    installation.wait_until_all_are("succeeded", ids)


def test_a_wait_whose_time_passes_has_no_event(installation: Installation) -> None:
    installation.start_worker("patient")
    [event_id] = installation.accept(new_event("hurried", order_id=1))
    installation.wait_until_all_are("waiting", [event_id])
    assert installation.storage.run(event_id)["reason"] == "wait"

    installation.wait_until_all_are("succeeded", [event_id])

    assert outputs(installation, event_id) == {"order_paid": None, "decide": "too late"}
