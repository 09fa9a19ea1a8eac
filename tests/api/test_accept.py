"""`POST /events` as a client meets it."""

import gzip
import json
import socket
from collections.abc import Iterator
from uuid import UUID

import pytest
from httpx2 import Client, Response

from tests.api.problems import problem_in

JSON = {"Content-Type": "application/json"}
MEBIBYTE = 1 << 20


def post(api_client: Client, body: bytes, **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api_client.post("/events", content=body, headers=JSON | sent)


def event_of(size_bytes: int) -> bytes:
    frame = b'{"type":"size.test","filler":""}'
    return frame[:-2] + b"x" * (size_bytes - len(frame)) + frame[-2:]


@pytest.mark.parametrize("path", ["/events", "/events/"])
def test_an_accepted_event_is_answered_with_its_id_and_place(api_client: Client, path: str) -> None:
    response = api_client.post(path, json={"type": "accept.test", "subject": "hello"})

    answer = response.json()
    event_id = str(UUID(answer["id"]))
    assert response.status_code == 202
    assert response.headers["location"] == f"/events/{event_id}"
    assert answer == {
        "id": event_id,
        "type": "accept.test",
        "state": "queued",
        "task_id": event_id,
        "message": f"process_incoming_event started `{event_id}`",
    }


def test_ids_are_uuids_of_version_7_that_rise(api_client: Client) -> None:
    ids = [UUID(post(api_client, b'{"type":"accept.test"}').json()["id"]) for _ in range(3)]

    assert [event_id.version for event_id in ids] == [7, 7, 7]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid-json"),
        (b"{", 400, "invalid-json"),
        (b'{"type":"a"} x', 400, "invalid-json"),
        (b'{"type":"a",}', 400, "invalid-json"),
        (b"{'type':'a'}", 400, "invalid-json"),
        (b'{"type":"a"} // no', 400, "invalid-json"),
        (b'{"type":"a","n":NaN}', 400, "invalid-json"),
        (b'{"type":"a","n":Infinity}', 400, "invalid-json"),
        (b'[{"type":"a"}]', 422, "invalid-event"),
        (b'"a"', 422, "invalid-event"),
        (b"7", 422, "invalid-event"),
        (b"null", 422, "invalid-event"),
        (b"{}", 422, "invalid-event"),
        (b'\xef\xbb\xbf{"type":"a"}', 400, "invalid-encoding"),
        ('{"type":"a"}'.encode("utf-16"), 400, "invalid-encoding"),
        (b'{"type":"\xff"}', 400, "invalid-encoding"),
        (b'{"type":"a","type":"b"}', 400, "duplicate-key"),
        (rb'{"type":"a","x":"\u0000"}', 422, "forbidden-character"),
        (rb'{"type":"a","\u0000":1}', 422, "forbidden-character"),
        (rb'{"type":"a","x":"\ud800"}', 422, "forbidden-character"),
        (b'{"type":"a","n":1e400}', 422, "number-out-of-range"),
        (b'{"type":"a","n":' + b"9" * 5000 + b"}", 422, "number-out-of-range"),
        (b'{"type":"a","d":' + b"[" * 32 + b"]" * 32 + b"}", 422, "too-deep"),
        (b'{"type":"a","d":' + b"[" * 1000 + b"]" * 1000 + b"}", 422, "too-deep"),
        (b'{"d":' * 100_000 + b"1" + b"}" * 100_000, 422, "too-deep"),
    ],
)
def test_bad_bodies_are_refused_each_with_its_code(api_client: Client, body: bytes, status: int, code: str) -> None:
    problem_in(post(api_client, body), status, code)


@pytest.mark.parametrize("body", [b"{}", b'{"type":null}', b'{"type":5}', b'{"type":"a b"}', b'{"type":""}'])
def test_an_event_without_a_usable_type_is_pointed_at(api_client: Client, body: bytes) -> None:
    problem = problem_in(post(api_client, body), 422, "invalid-event")

    assert [error["pointer"] for error in problem["errors"]] == ["/type"]


def test_a_refusal_never_quotes_the_payload(api_client: Client) -> None:
    for body in (
        b'{"type":"hunter2 "}',
        b'{"hunter2":1,"hunter2":2}',
        b"hunter2",
        b'"hunter2"',
        b'{"a":hunter2}',
    ):
        assert "hunter2" not in post(api_client, body).text


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/x-ndjson",
        "application/cloudevents+json",
    ],
)
def test_only_json_is_read(api_client: Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    response = api_client.post("/events", content=b'{"type":"a"}', headers=headers)

    problem_in(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("header", ["Headrace-Ordering-Key", "Headrace-Anything"])
def test_an_option_that_does_not_exist_is_refused_and_named(api_client: Client, header: str) -> None:
    response = api_client.post("/events", json={"type": "a"}, headers={header: "x"})

    assert [error["pointer"] for error in problem_in(response, 400, "unknown-option")["errors"]] == [header.lower()]


def test_a_preference_that_is_not_known_is_ignored(api_client: Client) -> None:
    assert post(api_client, b'{"type":"accept.test"}', Prefer="wait=1").status_code == 202


def chunks_of(body: bytes) -> Iterator[bytes]:
    yield from (body[start : start + 65_536] for start in range(0, len(body), 65_536))


def test_a_body_of_the_full_size_is_accepted(api_client: Client) -> None:
    assert post(api_client, event_of(MEBIBYTE)).status_code == 202
    assert api_client.post("/events", content=chunks_of(event_of(MEBIBYTE)), headers=JSON).status_code == 202
    assert post(api_client, gzip.compress(event_of(MEBIBYTE)), Content_Encoding="gzip").status_code == 202


def test_one_byte_more_is_too_large_however_it_is_sent(api_client: Client) -> None:
    body = event_of(MEBIBYTE + 1)

    problem_in(post(api_client, body), 413, "too-large")
    problem_in(api_client.post("/events", content=chunks_of(body), headers=JSON), 413, "too-large")
    problem_in(post(api_client, gzip.compress(body), Content_Encoding="gzip"), 413, "too-large")


def test_an_event_sent_as_gzip_is_kept_inflated(api_client: Client) -> None:
    body = b'{"type": "gzip.test", "text": "' + b"abc" * 1000 + b'"}'

    event_id = post(api_client, gzip.compress(body), Content_Encoding="gzip").json()["id"]

    assert api_client.get(f"/events/{event_id}").json()["data"] == json.loads(body)


def test_codings_that_cannot_be_undone_are_refused(api_client: Client) -> None:
    problem_in(post(api_client, b"{}", Content_Encoding="br"), 415, "unsupported-media-type")
    problem_in(post(api_client, b"{}", Content_Encoding="gzip"), 400, "invalid-encoding")
    cut = gzip.compress(b'{"type":"a"}')[:-3]
    problem_in(post(api_client, cut, Content_Encoding="gzip"), 400, "invalid-encoding")


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(api_client: Client) -> None:
    address = (api_client.base_url.host, api_client.base_url.port or 80)
    head = b"POST /events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"

    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + b"Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(13) == b"HTTP/1.1 413 "


@pytest.mark.parametrize("length", [b"Content-Length: 99999999", b"Transfer-Encoding: chunked"])
def test_a_client_that_goes_on_sending_is_answered_and_cut_off(api_client: Client, length: bytes) -> None:
    address = (api_client.base_url.host, api_client.base_url.port or 80)
    head = b"POST /events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n" + length + b"\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head + chunk * 24)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert b'"code":"too-large"' in answer


@pytest.mark.parametrize("path", ["/events", "/events/"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_that_the_path_has_not_is_told_which_it_has(api_client: Client, path: str, method: str) -> None:
    response = api_client.request(method, path)

    problem_in(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET, POST"


def test_text_of_other_languages_stays_text(api_client: Client) -> None:
    data = {
        "type": "text.test",
        "'; DROP TABLE events; --": "<script>alert(1)</script>",
        "q": '{"$gt": ""} AND "*:*',
    }

    event_id = api_client.post("/events", json=data).json()["id"]

    assert api_client.get(f"/events/{event_id}").json()["data"] == data
