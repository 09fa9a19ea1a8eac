"""Erasing an event as a client asks for it."""

import pytest
from httpx2 import Client

from headrace.domain.ids import new_id
from tests.api.problems import problem_in
from tests.api.test_reading import send
from tests.support.differing import accept_as, failed
from tests.support.installation import Installation
from tests.support.steps import TYPE


@pytest.fixture
def acting(installation: Installation) -> Client:
    """A client of an API over storage that the test may write."""
    return installation.start_api("tickets")[1]


def test_a_finished_event_is_erased_once_and_the_ledger_says_so(acting: Client, installation: Installation) -> None:
    event_id, other = (accept_as(installation.storage, TYPE, failed) for _ in range(2))

    erased = acting.delete(f"/events/{event_id}")

    assert (erased.status_code, erased.json()) == (200, {"id": str(event_id), "state": "erased"})
    problem_in(acting.get(f"/events/{event_id}"), 404, "not-found")
    problem_in(acting.delete(f"/events/{event_id}"), 404, "not-found")
    problem_in(acting.post(f"/events/{event_id}/replay"), 404, "not-found")
    assert acting.get(f"/events/{other}").status_code == 200
    assert [event["id"] for event in acting.get("/events").json()["events"]] == [str(other)]
    ledger = {"accepted": 2, "unfinished": 0, "succeeded": 0, "failed": 1, "cancelled": 0, "erased": 1}
    assert ledger.items() <= acting.get("/stats").json().items()
    assert 'headrace_events{state="erased"} 1.0' in acting.get("/metrics").text
    assert 'headrace_events{state="unfinished"} 0.0' in acting.get("/metrics").text
    assert installation.storage.rows("SELECT act, actor FROM headrace.audit") == [("erase", "api")]


def test_an_unfinished_event_is_to_be_cancelled_first(api_client: Client) -> None:
    _, [event_id] = send(api_client)

    problem = problem_in(api_client.delete(f"/events/{event_id}"), 409, "event-unfinished")
    assert "cancel it first" in problem["detail"]

    api_client.post(f"/events/{event_id}/cancel")
    assert api_client.delete(f"/events/{event_id}").status_code == 200


def test_an_event_that_is_not_there_is_not_found(api_client: Client) -> None:
    problem_in(api_client.delete(f"/events/{new_id()}"), 404, "not-found")
    problem_in(api_client.delete("/events/x"), 404, "not-found")


def test_events_are_erased_one_by_one(api_client: Client) -> None:
    refused = api_client.delete("/events")
    problem_in(refused, 405, "method-not-allowed")
    assert "DELETE" not in refused.headers["allow"]


def test_it_takes_neither_a_body_nor_a_parameter_nor_an_option(api_client: Client) -> None:
    _, [event_id] = send(api_client)
    api_client.post(f"/events/{event_id}/cancel")
    path = f"/events/{event_id}"

    problem_in(api_client.request("DELETE", path, json={"dry_run": True}), 422, "invalid-input")
    problem_in(api_client.delete(path, params={"dry_run": "true"}), 422, "invalid-parameter")
    problem_in(api_client.delete(path, headers={"Headrace-Tenant": "a"}), 400, "unknown-option")

    assert api_client.get(path).json()["state"] == "cancelled"
