"""Searching as a client does, with a worker behind the API, wherever the copy lies."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Client

from bench.ports import free_port
from headrace.domain.ids import new_id
from tests.api.problems import problem_in
from tests.cli.support import headrace, printed
from tests.support.elasticsearch import remove_indices
from tests.support.installation import Installation
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(params=["postgres", "elasticsearch"])
def settings(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Where the copy lies."""
    if request.param == "postgres":
        yield {}
        return
    url = request.getfixturevalue("elasticsearch")
    prefix = f"t{new_id().hex[-12:]}"
    yield {"elasticsearch_url": url, "elasticsearch_index": prefix}
    remove_indices(url, prefix)


@pytest.fixture
def client(installation: Installation, settings: dict[str, str]) -> Client:
    """A client of an API with a worker behind it."""
    installation.start_worker("tickets", **settings)
    return installation.start_api("tickets", **settings)[1]


def send(client: Client, **fields: Any) -> str:
    return str(client.post("/events", json={"type": "ticket.opened", **fields}).json()["id"])


def found(client: Client, query: str = "", **further: Any) -> list[str]:
    page = client.get("/search", params={"q": query, **further})
    assert page.status_code == 200, page.text
    return [hit["id"] for hit in page.json()["hits"]]


def sent_and_found(client: Client, **fields: Any) -> str:
    """An event that is finished, and that the search knows."""
    event_id = send(client, **fields)
    wait_until(lambda: found(client, f"id:{event_id}") == [event_id], "it is found", 30.0)
    return event_id


def test_a_finished_event_is_found_by_what_is_in_it(client: Client, settings: dict[str, str]) -> None:
    event_id = sent_and_found(client, subject="No light", body="My invoice, please", order={"number": 47})

    for query in (
        "invoice",
        'INVOICE "no light"',
        '"my invoice"',
        "payload.order.number:47",
        "outputs.classify:billing",
        "type:ticket.opened state:succeeded",
        "created:>=2026-01-01 -receipt",
    ):
        assert found(client, query) == [event_id], query
    for query in (
        "receipt",
        '"invoice my"',
        "payload.order.number:4",
        "state:failed",
        "created:<2026-01-01",
        "-invoice",
    ):
        assert found(client, query) == [], query

    page = client.get("/search", params={"q": "invoice", "facets": True}).json()
    [hit] = page["hits"]
    assert (hit["type"], hit["state"], hit["attempts"]) == ("ticket.opened", "succeeded", 1)
    [highlight] = [each for each in hit["highlights"] if each["path"] == "payload.body"]
    [[begin, end]] = highlight["spans"]
    assert highlight["text"][begin:end] == "invoice"
    name = "elasticsearch" if settings else "postgres"
    assert (page["copy"]["name"], page["copy"]["fallback"]) == (name, not settings)
    assert page["facets"]["types"] == {"ticket.opened": 1}
    assert (page["total"], page["total_is_exact"], page["facets"]["complete"]) == (1, True, True)


def test_filters_pages_and_facets(client: Client) -> None:
    ids = [sent_and_found(client, subject=f"lamp {number}") for number in range(3)]
    newest_first = ids[::-1]

    first = client.get("/search", params={"q": "lamp", "limit": 2}).json()
    assert [hit["id"] for hit in first["hits"]] == newest_first[:2]
    second = client.get("/search", params={"q": "lamp", "limit": 2, "cursor": first["next_cursor"]}).json()
    assert [hit["id"] for hit in second["hits"]] == newest_first[2:]
    assert second["next_cursor"] is None

    assert found(client, "lamp", type="ticket.opened", state=["succeeded", "failed"]) == newest_first
    assert found(client, "lamp", state="failed") == []
    assert found(client, "lamp", type="ticket.closed") == []
    assert found(client, "lamp", since="2100-01-01T00:00:00Z") == []
    assert found(client, "lamp", until="2020-01-01T00:00:00Z") == []
    assert found(client, "lamp", index="other") == []


def test_an_event_that_runs_again_is_found_as_what_it_came_to(client: Client) -> None:
    event_id = sent_and_found(client, body="invoice")
    attempts = client.get("/search", params={"q": f"id:{event_id}"}).json()["hits"][0]["attempts"]
    assert attempts == 1
    assert client.post(f"/events/{event_id}/replay").status_code == 202
    past: Callable[[], bool] = lambda: len(client.get(f"/events/{event_id}").json()["past_results"]) == 1  # noqa: E731
    wait_until(past, "it was put aside")
    wait_until(lambda: found(client, f"id:{event_id}") == [event_id], "it is found again", 30.0)


def test_what_a_search_finds_is_replayed(
    client: Client, installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    lamp, other = sent_and_found(client, subject="lamp"), sent_and_found(client, subject="other")
    dry = client.post("/events/replay", json={"query": "lamp", "dry_run": True}).json()
    assert (dry["count"], dry["by_type"], dry["next_cursor"]) == (1, {"ticket.opened": 1}, None)

    acted = client.post("/events/replay", json={"query": "lamp", "state": "succeeded"}).json()

    assert (acted["count"], acted["refused"]) == (1, [])
    wait_until(lambda: found(client, "lamp") == [lamp], "it is found again", 30.0)
    assert len(client.get(f"/events/{lamp}").json()["past_results"]) == 1
    assert client.get(f"/events/{other}").json()["past_results"] == []
    assert client.post("/events/replay", json={"query": "lamp", "state": "failed"}).json()["count"] == 0
    assert client.post("/events/cancel", json={"query": "lamp"}).json()["count"] == 0

    typed = {**installation.settings(), **settings}
    assert printed("events", "replay", "--query", "lamp", folder=tmp_path, **typed)["count"] == 1
    assert headrace("events", "replay", "--query", "stat:x", folder=tmp_path, **typed).returncode == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "stat:failed"}, "invalid-query"),
        ({"query": " "}, "invalid-selection"),
        ({"query": "lamp", "ids": [str(UUID(int=1))]}, "invalid-selection"),
        ({"query": 7}, "invalid-input"),
    ],
    ids=str,
)
def test_a_query_that_means_no_events_is_refused(api_client: Client, body: dict[str, Any], code: str) -> None:
    problem_in(api_client.post("/events/replay", json=body), 422, code)


def test_whatever_is_typed_is_text_or_refused(client: Client) -> None:
    texts = [
        "'; DROP TABLE events --",
        '<script>alert("x")</script>',
        '{"query": {"match_all": {}}}',
        "a AND (b OR c)*~2",
    ]
    for text in texts:
        event_id = sent_and_found(client, subject=text)
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        assert found(client, f'"{quoted}"') == [event_id]


@pytest.mark.parametrize("query", ['"open', "stat:failed", "created:yesterday", "-", "x" * 1001, "state:done", "id:7"])
def test_a_query_that_cannot_be_read_is_refused(api_client: Client, query: str) -> None:
    problem = problem_in(api_client.get("/search", params={"q": query}), 422, "invalid-query")
    assert problem["detail"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": 0},
        {"limit": 101},
        {"cursor": "x"},
        {"state": "queued"},
        {"type": "a b"},
        {"index": "No Index"},
        {"since": "yesterday"},
        {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"facets": "perhaps"},
        {"wanted": "x"},
        {"q": ["a", "b"]},
    ],
    ids=str,
)
def test_a_parameter_that_cannot_be_is_refused(api_client: Client, parameters: dict[str, Any]) -> None:
    problem_in(api_client.get("/search", params=parameters), 422, "invalid-parameter")


def test_while_the_copy_is_away_searches_are_refused_and_events_accepted(installation: Installation) -> None:
    away = {"elasticsearch_url": f"http://127.0.0.1:{free_port()}"}
    _, client = installation.start_api("tickets", **away)
    problem_in(client.get("/search"), 503, "search-unavailable")
    assert client.post("/events", json={"type": "ticket.opened"}).status_code == 202


def test_where_search_is_off_nothing_is_kept_for_it(installation: Installation) -> None:
    installation.start_worker("tickets", search="false")
    _, client = installation.start_api("tickets", search="false")
    event_id = send(client)
    wait_until(lambda: client.get(f"/events/{event_id}").json()["state"] == "succeeded", "it is finished")
    wait_until(
        lambda: installation.storage.value("SELECT count(*) FROM headrace.projections") == 0, "the outbox is emptied"
    )
    assert installation.storage.value("SELECT count(*) FROM headrace.documents") == 0
    problem_in(client.get("/search"), 404, "search-off")
