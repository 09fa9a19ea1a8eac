"""Events for later as a client meets them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Client

from headrace.domain.clock import utc_now
from tests.api.problems import problem_in

EVENT = {"type": "later.test", "n": 1}


def post(api_client: Client, *given: str) -> Any:
    return api_client.post("/events", json=EVENT, headers=[("Headrace-Deliver-At", each) for each in given])


def event_of(api_client: Client, event_id: str) -> dict[str, Any]:
    event: dict[str, Any] = api_client.get(f"/events/{event_id}").json()
    return event


def waits_for(event: dict[str, Any]) -> float:
    """Seconds between its acceptance and its delivery."""
    return (datetime.fromisoformat(event["deliver_at"]) - datetime.fromisoformat(event["created_at"])).total_seconds()


def test_an_event_for_later_waits_and_says_until_when(api_client: Client) -> None:
    accepted = post(api_client, "2031-01-31T18:00:00+01:00")

    assert (accepted.status_code, accepted.json()["state"]) == (202, "waiting")
    event = event_of(api_client, accepted.json()["id"])
    assert (event["state"], event["reason"]) == ("waiting", "delay")
    assert datetime.fromisoformat(event["deliver_at"]) == datetime(2031, 1, 31, 17, tzinfo=UTC)


def test_seconds_count_from_now(api_client: Client) -> None:
    event = event_of(api_client, post(api_client, "3600").json()["id"])

    assert 3590 < waits_for(event) < 3610


def test_a_time_that_has_passed_means_at_once(api_client: Client) -> None:
    accepted = post(api_client, "2020-01-31T18:00:00Z").json()

    assert accepted["state"] == "queued"
    assert event_of(api_client, accepted["id"])["deliver_at"] is None


@pytest.mark.parametrize("given", [["soon"], ["-1"], ["2031-01-31T18:00:00"], ["1e12"], ["1", "2"], [""]])
def test_what_is_no_time_is_refused(api_client: Client, given: list[str]) -> None:
    problem = problem_in(post(api_client, *given), 422, "invalid-deliver-at")

    assert problem["errors"][0]["pointer"] == "headrace-deliver-at"


def test_items_of_a_batch_have_times_of_their_own(api_client: Client) -> None:
    options = [{"deliver_at": 60}, {"deliver_at": "2031-01-31T18:00:00Z"}, {"deliver_at": None}, {"deliver_at": "soon"}]
    answer = api_client.post("/events/batch", json=[{"event": EVENT, "options": each} for each in options])

    first, second, third, refused = answer.json()["items"]
    assert [first["state"], second["state"], third.get("state")] == ["waiting", "waiting", None]
    assert event_of(api_client, second["id"])["deliver_at"].startswith("2031-01-31T18:00:00")
    assert refused["problem"]["code"] == "invalid-deliver-at"
    assert refused["problem"]["errors"][0]["pointer"] == "/options/deliver_at"


def test_before_its_time_it_is_cancelled_moved_or_sent_at_once(api_client: Client) -> None:
    cancelled, moved, sent = (post(api_client, "3600").json()["id"] for _ in range(3))
    later = (utc_now() + timedelta(days=2)).isoformat()

    answers = [
        api_client.post(f"/events/{cancelled}/cancel"),
        api_client.post(f"/events/{moved}/reschedule", json={"deliver_at": later}),
        api_client.post(f"/events/{sent}/retry-now"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 202]
    states = [event_of(api_client, event_id)["state"] for event_id in (cancelled, moved, sent)]
    assert states == ["cancelled", "waiting", "queued"]
    assert datetime.fromisoformat(event_of(api_client, moved)["deliver_at"]) == datetime.fromisoformat(later)


def test_an_event_that_waits_for_no_delivery_cannot_be_moved(api_client: Client) -> None:
    queued = api_client.post("/events", json=EVENT).json()["id"]

    problem_in(api_client.post(f"/events/{queued}/reschedule", json={"deliver_at": 60}), 409, "not-waiting")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid-input"),
        ({"deliver_at": None}, "invalid-input"),
        ({"deliver_at": 60, "more": 1}, "invalid-input"),
        ({"deliver_at": "soon"}, "invalid-deliver-at"),
    ],
)
def test_a_new_time_has_to_be_one(api_client: Client, body: dict[str, Any], code: str) -> None:
    event_id = post(api_client, "3600").json()["id"]

    problem_in(api_client.post(f"/events/{event_id}/reschedule", json=body), 422, code)
    assert 3590 < waits_for(event_of(api_client, event_id)) < 3610
