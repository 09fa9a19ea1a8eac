"""`Idempotency-Key` as a client meets it. What the database makes of keys is in `tests/flow/ingest`."""

import asyncio
import gzip
import json
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Client, Response

from headrace.domain.idempotency import idempotency_of
from tests.api.problems import problem_in
from tests.support.installation import Installation
from tests.support.keys import in_flight
from tests.support.steps import new_event

BODY = b'{"type":"once.test","n":1}'


@pytest.fixture
def key() -> str:
    return str(uuid4())


def post(api_client: Client, key: str, body: bytes = BODY, path: str = "/events", **headers: str) -> Response:
    sent = {"Content-Type": "application/json", "Idempotency-Key": key, **headers}
    return api_client.post(path, content=body, headers=sent)


def headers_of(*keys: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"Content-Type", b"application/json"), *((b"Idempotency-Key", key) for key in keys)]


def batch_items(api_client: Client, *items: object) -> list[dict[str, Any]]:
    response = api_client.post("/events/batch", json=items)
    assert response.status_code == 202
    answers: list[dict[str, Any]] = response.json()["items"]
    return answers


def item_of(key: object, number: int = 1) -> dict[str, Any]:
    return {"event": {"type": "once.test", "n": number}, "options": {"idempotency_key": key}}


def test_a_request_sent_again_is_answered_as_the_first_and_says_so(api_client: Client, key: str) -> None:
    first, *others = [post(api_client, key, path=path) for path in ("/events", "/events", "/events/")]

    assert "idempotency-replayed" not in first.headers
    for other in others:
        assert (other.status_code, other.headers["idempotency-replayed"]) == (202, "true")
        assert other.headers["location"] == first.headers["location"]
        assert other.json() == first.json()


def test_the_same_bytes_are_the_same_request_however_they_are_sent(api_client: Client, key: str) -> None:
    plain = post(api_client, key)
    zipped = post(api_client, key, gzip.compress(BODY), **{"Content-Encoding": "gzip"})

    assert zipped.json()["id"] == plain.json()["id"]


async def test_a_key_that_another_request_is_storing_is_refused_until_that_is_over(
    installation: Installation, key: str
) -> None:
    client = installation.start_api()[1]
    stored = replace(new_event("once.test"), body=BODY, idempotency=idempotency_of(key, "/events", BODY))

    async with in_flight(installation.storage, stored):
        refused = await asyncio.to_thread(post, client, key)

    problem_in(refused, 409, "idempotency-key-in-flight")
    assert "idempotency-replayed" not in post(client, key).headers


def test_a_request_sent_again_is_answered_with_what_its_event_has_come_to(api_client: Client, key: str) -> None:
    first = post(api_client, key).json()
    api_client.post(f"/events/{first['id']}/cancel")

    again = post(api_client, key)

    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == {**first, "state": "cancelled"}


@pytest.mark.parametrize("other", [b'{"type":"once.test","n":2}', b'{"type":"once.test", "n":1}'])
def test_a_key_with_another_body_is_refused(api_client: Client, key: str, other: bytes) -> None:
    post(api_client, key)

    problem_in(post(api_client, key, other), 422, "idempotency-key-reused")


def test_a_request_that_was_refused_leaves_its_key_free(api_client: Client, key: str) -> None:
    problem_in(post(api_client, key, b"{}"), 422, "invalid-event")

    assert "idempotency-replayed" not in post(api_client, key).headers


@pytest.mark.parametrize("length", [1, 255])
def test_a_key_may_have_255_characters_of_any_script(api_client: Client, length: int) -> None:
    sent = headers_of(("ü" * length).encode())

    answers = [api_client.post("/events", content=BODY, headers=sent) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("keys", [[b""], [b"x" * 256], [b"a\tb"], [b"\xff"], [b"a", b"a"], [b"a", b"b"]])
def test_bad_keys_are_refused(api_client: Client, keys: Sequence[bytes]) -> None:
    response = api_client.post("/events", content=BODY, headers=headers_of(*keys))

    problem_in(response, 400, "invalid-idempotency-key")


@pytest.mark.parametrize("key", [b"   ", b"\t", b"a\x01b", b"a\0b", b"a\x7fb", b"a\x1f"])
def test_keys_that_no_client_should_send_are_refused(api_client: Client, key: bytes) -> None:
    address = (api_client.base_url.host, api_client.base_url.port or 80)
    head = b"POST /events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nConnection: close\r\n"

    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + b"Idempotency-Key: %b\r\nContent-Length: %d\r\n\r\n%b" % (key, len(BODY), BODY))
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_items_of_a_batch_have_keys_of_their_own(api_client: Client, key: str) -> None:
    plain = {"type": "once.test"}
    first = batch_items(api_client, item_of(key), plain, item_of(f"{key} too"))
    again = batch_items(api_client, plain, item_of(key), item_of(key, number=2), item_of(f"{key} too"))

    assert [item["status"] for item in first] == [202, 202, 202]
    assert not any("replayed" in item for item in first)
    assert [item["status"] for item in again] == [202, 202, 422, 202]
    assert again[0]["id"] not in {item["id"] for item in first}
    assert again[1] == {"index": 1, "status": 202, "id": first[0]["id"], "state": "queued", "replayed": True}
    assert again[2]["problem"]["code"] == "idempotency-key-reused"
    assert again[3]["id"] == first[2]["id"]


def test_a_key_twice_in_a_batch_stores_one_event(api_client: Client, key: str) -> None:
    items = batch_items(api_client, *[item_of(key)] * 5)

    assert len({item["id"] for item in items}) == 1
    assert [item.get("replayed", False) for item in items].count(True) == 4


def test_a_key_stays_with_its_path(api_client: Client, key: str) -> None:
    post(api_client, key, json.dumps(item_of(key)["event"]).encode())

    problem = problem_in(api_client.post("/events/batch", json=[item_of(key)]), 422, "invalid-batch")

    assert [item["problem"]["code"] for item in problem["items"]] == ["idempotency-key-reused"]


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\tb", 5, None, ["a"]])
def test_a_bad_key_of_an_item_is_refused_with_the_item(api_client: Client, bad: object) -> None:
    refused, stored = batch_items(api_client, item_of(bad), {"type": "once.test"})

    assert (refused["status"], refused["problem"]["code"]) == (400, "invalid-idempotency-key")
    assert stored["status"] == 202


def test_a_batch_as_a_whole_has_no_key(api_client: Client, key: str) -> None:
    response = post(api_client, key, b'[{"type":"once.test"}]', "/events/batch")

    problem_in(response, 400, "unknown-option")


def test_what_was_accepted_is_answered_also_where_it_would_be_refused_now(installation: Installation) -> None:
    body = b'{"type":"ticket.opened","subject":5}'
    first = post(installation.start_api()[1], "k", body)
    stricter = installation.start_api("tickets")[1]

    again = post(stricter, "k", body)

    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    problem_in(post(stricter, "other", body), 422, "schema-mismatch")
    problem_in(post(stricter, "k", body.replace(b"5", b"6")), 422, "schema-mismatch")


def test_so_it_is_with_the_items_of_a_batch(installation: Installation) -> None:
    old = [{"event": {"type": "ticket.opened", "subject": n}, "options": {"idempotency_key": f"k{n}"}} for n in (5, 6)]
    first = batch_items(installation.start_api()[1], *old)
    stricter = installation.start_api("tickets")[1]
    changed = {"event": {"type": "ticket.opened", "subject": 7}, "options": {"idempotency_key": "k5"}}

    again = batch_items(stricter, *old, changed, {"type": "once.test"})

    assert [item["id"] for item in again[:2]] == [item["id"] for item in first]
    assert [item["status"] for item in again] == [202, 202, 422, 202]
    assert [item.get("replayed", False) for item in again] == [True, True, False, False]
    assert again[2]["problem"]["code"] == "schema-mismatch"
