"""Reading events, the ledger and health as a client does."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from httpx2 import Client

from headrace.domain.ids import new_id
from tests.api.problems import problem_in


def send(api_client: Client, count: int = 1) -> tuple[str, list[str]]:
    """Events of a type of their own: the type and the ids."""
    event_type = f"reading.{uuid4()}"
    items = api_client.post("/events/batch", json=[{"type": event_type}] * count).json()["items"]
    return event_type, [item["id"] for item in items]


def test_an_event_is_read_with_its_data_as_it_was_sent(api_client: Client) -> None:
    body = rb'{ "type": "reading.test", "exact": 1.50, "big": 123456789012345678901234567890, "text": "\u00e9" }'
    event_id = api_client.post("/events", content=body, headers={"Content-Type": "application/json"}).json()["id"]

    response = api_client.get(f"/events/{event_id}")

    event = response.json()
    assert response.status_code == 200
    assert body in response.content
    assert (event["id"], event["type"]) == (event_id, "reading.test")
    assert event.keys() >= {"state", "reason", "since", "data", "task_context", "attempts", "attempt"}
    assert (event["parent_id"], event["children"], event["waits"]) == (None, [], [])
    assert (event["checkpoints"], event["notes"], event["logs"]) == ([], [], [])
    assert (event["past_results"], event["cancellations"]) == ([], [])
    assert event.keys() >= {"created_at", "finished_at", "error", "release", "source", "subject"}
    assert datetime.fromisoformat(event["created_at"]).utcoffset() == timedelta()


def test_an_id_that_nothing_has_is_not_found(api_client: Client) -> None:
    problem_in(api_client.get(f"/events/{new_id()}"), 404, "not-found")


@pytest.mark.parametrize("malformed", ["x", "0", "018f-", "%00", "a" * 300, "';--", "<b>"])
def test_a_malformed_id_is_not_found(api_client: Client, malformed: str) -> None:
    response = api_client.get(f"/events/{malformed}")

    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


def test_a_list_is_read_page_by_page_from_the_newest(api_client: Client) -> None:
    event_type, ids = send(api_client, 5)
    query: dict[str, str | int] = {"type": event_type, "limit": 2}
    seen: list[str] = []

    while True:
        page = api_client.get("/events", params=query).json()
        assert len(page["events"]) <= 2
        seen += [event["id"] for event in page["events"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == sorted(ids, reverse=True)


def test_a_list_is_filtered_by_time_and_state(api_client: Client) -> None:
    event_type, [event_id] = send(api_client)
    sent = datetime.fromisoformat(api_client.get(f"/events/{event_id}").json()["created_at"])

    def listed(**query: str | list[str]) -> list[str]:
        page = api_client.get("/events", params={"type": event_type, **query}).json()
        return [event["id"] for event in page["events"]]

    later = (sent + timedelta(seconds=1)).isoformat()
    assert listed(since=sent.isoformat(), until=later) == [event_id]
    assert listed(since=later) == []
    assert listed(until=sent.isoformat()) == []
    assert listed(state=["queued", "running", "waiting", "succeeded"]) == [event_id]
    assert listed(state="cancelled") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        *((f"limit={limit}", "limit") for limit in ("0", "-1", "501", "1000000000", "abc", "", "1e2", "9" * 5000)),
        *((f"cursor={cursor}", "cursor") for cursor in ("", "x", "123", "%00", "null")),
        *((f"state={state}", "state") for state in ("", "done", "QUEUED", "queued,failed")),
        *((f"since={since}", "since") for since in ("yesterday", "2026-01-01T00:00:00", "1969-12-31T00:00:00Z", "")),
        *((f"since={digits}", "since") for digits in ("20261126", "2026", "1.5e12", "1764115200")),
        ("since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("type=a&type=b", "type"),
        ("limit=5&limit=5", "limit"),
        *((f"until={until}", "until") for until in ("2200-01-01T00:00:00Z", "2026-13-01T00:00:00Z")),
        *((f"type={event_type}", "type") for event_type in ("", "a%20b", "%00", "a" * 201, "a%0A")),
        ("colour=red", "colour"),
        ("State=queued", "State"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(api_client: Client, query: str, name: str) -> None:
    problem = problem_in(api_client.get(f"/events?{query}"), 422, "invalid-parameter")

    assert [error["pointer"] for error in problem["errors"]] == [name]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", f"/events/{act}") for act in ("cancel", "replay", "retry-now")),
        *(("POST", f"/events/{{}}/{act}") for act in ("cancel", "replay", "retry-now")),
        *(("POST", path) for path in ("/pause", "/resume")),
        *(("GET", path) for path in ("/paused", "/stats", "/events/{}", "/events/{}/mermaid", "/pipelines")),
    ],
)
def test_a_parameter_that_a_path_does_not_have_is_refused_and_nothing_done(
    api_client: Client, method: str, path: str
) -> None:
    _, [event_id] = send(api_client)
    body = {"all": True} if method == "POST" and "{}" not in path else None

    refused = api_client.request(method, path.format(event_id), params={"dry_run": "true"}, json=body)

    problem = problem_in(refused, 422, "invalid-parameter")
    assert [error["pointer"] for error in problem["errors"]] == ["dry_run"]
    assert api_client.get(f"/events/{event_id}").json()["state"] == "queued"
    assert api_client.get("/paused").json() == {"paused": []}


@pytest.mark.parametrize("path", ["/stats/", "/health/live/", "/events/batch/", "//events", "/Events"])
def test_a_path_that_is_nearly_right_is_not_found_and_not_redirected(api_client: Client, path: str) -> None:
    response = api_client.get(f"{str(api_client.base_url).rstrip('/')}{path}")

    problem_in(response, 404, "not-found")


def test_an_option_that_does_not_exist_is_refused_when_reading_too(api_client: Client) -> None:
    problem_in(api_client.get("/events", headers={"Headrace-Tenant": "a"}), 400, "unknown-option")


def test_the_ledger_adds_up_and_counts_what_was_sent(api_client: Client) -> None:
    before = api_client.get("/stats").json()
    send(api_client, 3)
    after = api_client.get("/stats").json()

    finished = after["succeeded"] + after["failed"] + after["cancelled"]
    assert after["accepted"] == after["unfinished"] + finished + after["erased"]
    assert after["accepted"] >= before["accepted"] + 3
    assert sum(after["by_state"].values()) == after["unfinished"]


def test_a_living_and_ready_process_says_so(api_client: Client) -> None:
    assert api_client.get("/health/live").json() == {"status": "alive"}

    response = api_client.get("/health/ready")
    assert response.status_code == 200
    assert {"name": "database", "ok": True, "detail": "writable", "required": True} in response.json()["checks"]


def test_the_type_of_a_problem_leads_to_its_explanation(api_client: Client) -> None:
    problem = problem_in(api_client.get("/nowhere"), 404, "not-found")
    path, _, code = problem["type"].partition("#")

    assert api_client.get(path).json()[code]["status"] == 404


def test_the_clients_own_request_id_returns_if_it_is_sane(api_client: Client) -> None:
    def returned(given: str) -> str:
        return str(api_client.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"])

    assert returned("order-17/retry:2") == "order-17/retry:2"
    assert returned("x" * 128) == "x" * 128
    assert returned("x" * 129) != "x" * 129
    assert returned("two words") != "two words"
