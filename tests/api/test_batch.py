"""`POST /events/batch` as a client meets it."""

import json
from typing import Any

import pytest
from httpx2 import Client, Response

from tests.api.problems import problem_in

MEBIBYTE = 1 << 20


def post(api_client: Client, body: bytes, content_type: str = "application/json") -> Response:
    return api_client.post("/events/batch", content=body, headers={"Content-Type": content_type})


def items_of(response: Response) -> list[dict[str, Any]]:
    assert response.status_code == 202
    items: list[dict[str, Any]] = response.json()["items"]
    assert [item["index"] for item in items] == list(range(len(items)))
    return items


def data_of(api_client: Client, item: dict[str, Any]) -> Any:
    return api_client.get(f"/events/{item['id']}").json()["data"]


def test_the_events_of_an_array_are_stored_one_by_one(api_client: Client) -> None:
    events = [{"type": "batch.test", "number": number} for number in range(30)]

    items = items_of(post(api_client, json.dumps(events).encode()))

    assert {item["status"] for item in items} == {202}
    assert [data_of(api_client, item) for item in items] == events


def test_lines_are_events_too(api_client: Client) -> None:
    body = b'{"type":"batch.test","n":1}\n\n{"type":"batch.test","n":2}\r\n'

    items = items_of(post(api_client, body, "application/x-ndjson"))

    assert [data_of(api_client, item)["n"] for item in items] == [1, 2]


def test_a_bad_item_is_told_and_the_good_ones_are_stored(api_client: Client) -> None:
    body = b"""[
        {"type": "batch.test", "n": 1}, {"type": "batch.test", "n": 1e999}, {"n": 2}, 5,
        {"type": "batch.test", "a": {"b": 1, "b": 2}}, {"type": "batch.test", "n": 12345678901234567890123}
    ]"""

    items = items_of(post(api_client, body))

    assert [item["status"] for item in items] == [202, 422, 422, 422, 400, 202]
    assert [item["problem"]["code"] for item in items[1:5]] == [
        "number-out-of-range",
        "invalid-event",
        "invalid-event",
        "duplicate-key",
    ]
    assert data_of(api_client, items[5])["n"] == 12345678901234567890123


def test_a_line_that_is_not_json_spoils_no_other(api_client: Client) -> None:
    body = b'{"type":"batch.test"}\n{"type":\n\xff\n{"type":"batch.test"}'

    items = items_of(post(api_client, body, "application/x-ndjson"))

    assert [item["status"] for item in items] == [202, 400, 400, 202]
    assert [item["problem"]["code"] for item in items[1:3]] == ["invalid-json", "invalid-encoding"]


def test_a_wrapped_event_is_stored_without_its_wrapper(api_client: Client) -> None:
    body = b'[{"event": {"type": "batch.test", "n": 1}, "options": {}}, {"event": {"type": "batch.test", "n": 2}}]'

    items = items_of(post(api_client, body))

    assert [data_of(api_client, item) for item in items] == [
        {"type": "batch.test", "n": 1},
        {"type": "batch.test", "n": 2},
    ]


def test_an_option_of_an_item_is_refused_with_the_item(api_client: Client) -> None:
    body = b'[{"event": {"type": "batch.test"}, "options": {"priority": 1}}, {"type": "batch.test"}]'

    refused, stored = items_of(post(api_client, body))

    assert (refused["status"], refused["problem"]["code"]) == (400, "unknown-option")
    assert stored["status"] == 202


def test_an_item_has_the_limits_of_an_event(api_client: Client) -> None:
    large = {"type": "batch.test", "filler": "x" * MEBIBYTE}
    deep = b'{"type":"batch.test","d":' + b"[" * 32 + b"]" * 32 + b"}"
    body = b"[" + json.dumps(large).encode() + b"," + deep + b',{"type":"batch.test"}]'

    items = items_of(post(api_client, body))

    assert [item["status"] for item in items] == [413, 422, 202]
    assert [item["problem"]["code"] for item in items[:2]] == ["too-large", "too-deep"]


def test_a_batch_of_bad_items_only_is_refused_with_each_reason(api_client: Client) -> None:
    problem = problem_in(post(api_client, b'[{"n":1},{"type":""}]'), 422, "invalid-batch")

    assert [(item["index"], item["status"]) for item in problem["items"]] == [(0, 422), (1, 422)]
    assert {item["problem"]["code"] for item in problem["items"]} == {"invalid-event"}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"[]", "application/json", 422, "invalid-batch"),
        (b"{}", "application/json", 422, "invalid-batch"),
        (b"", "application/json", 400, "invalid-json"),
        (b"", "application/x-ndjson", 422, "invalid-batch"),
        (b'[{"type":"a"}', "application/json", 400, "invalid-json"),
        (b'[{"type":"a"}] x', "application/json", 400, "invalid-json"),
        (b'\xef\xbb\xbf[{"type":"a"}]', "application/json", 400, "invalid-encoding"),
        (b"[" * 100_000, "application/json", 422, "too-deep"),
        (b'[{"type":"a"}]', "text/plain", 415, "unsupported-media-type"),
        (b"[" + b"{}," * 1000 + b"{}]", "application/json", 413, "too-large"),
        (b"{}\n" * 1001, "application/x-ndjson", 413, "too-large"),
        (b" " * (10 * MEBIBYTE + 1), "application/json", 413, "too-large"),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(
    api_client: Client, body: bytes, content_type: str, status: int, code: str
) -> None:
    problem_in(post(api_client, body, content_type), status, code)


def test_a_batch_of_the_most_items_is_accepted(api_client: Client) -> None:
    body = b"\n".join([b'{"type":"batch.test"}'] * 1000)

    assert len(items_of(post(api_client, body, "application/x-ndjson"))) == 1000


def test_an_option_header_is_refused(api_client: Client) -> None:
    response = api_client.post("/events/batch", json=[{"type": "a"}], headers={"Headrace-Priority": "1"})

    problem_in(response, 400, "unknown-option")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_batches_are_only_posted(api_client: Client, method: str) -> None:
    response = api_client.request(method, "/events/batch")

    problem_in(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"
