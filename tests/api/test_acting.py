"""Cancel, replay, retry now, pause and resume as a client asks for them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Client, Response

from headrace.domain.ids import new_id
from tests.api.problems import problem_in
from tests.api.test_reading import send

ACTS = ["cancel", "replay", "retry-now"]


def act(api_client: Client, name: str, **members: Any) -> Response:
    return api_client.post(f"/events/{name}", json={name.rstrip("_"): value for name, value in members.items()})


def state_of(api_client: Client, event_id: str) -> str:
    return str(api_client.get(f"/events/{event_id}").json()["state"])


@pytest.fixture
def resumed(api_client: Client) -> Iterator[None]:
    yield
    api_client.post("/resume", json={"all": True})


def test_a_queued_event_is_cancelled_and_replayed(api_client: Client) -> None:
    _, [event_id] = send(api_client)

    cancelled = api_client.post(f"/events/{event_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    problem_in(api_client.post(f"/events/{event_id}/cancel"), 409, "event-already-finished")

    replayed = api_client.post(f"/events/{event_id}/replay", json={"from": "start"})
    assert (replayed.status_code, replayed.headers["location"]) == (202, f"/events/{event_id}")
    assert replayed.json() == {"id": event_id, "state": "queued", "task_id": event_id}
    [past] = api_client.get(f"/events/{event_id}").json()["past_results"]
    assert (past["run_number"], past["state"]) == (1, "cancelled")
    problem_in(api_client.post(f"/events/{event_id}/replay"), 409, "event-unfinished")
    problem_in(api_client.post(f"/events/{event_id}/retry-now"), 409, "not-waiting")


@pytest.mark.parametrize("name", ACTS)
def test_an_event_that_is_not_there_is_not_found(api_client: Client, name: str) -> None:
    problem_in(api_client.post(f"/events/{new_id()}/{name}"), 404, "not-found")
    problem_in(api_client.post(f"/events/x/{name}"), 404, "not-found")


def test_an_act_is_asked_for_by_post_alone(api_client: Client) -> None:
    refused = api_client.get("/events/cancel")
    problem_in(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "POST"


def test_a_node_that_no_pipeline_has_is_refused(api_client: Client) -> None:
    _, [event_id] = send(api_client)
    api_client.post(f"/events/{event_id}/cancel")

    problem_in(api_client.post(f"/events/{event_id}/replay", json={"from": "nowhere"}), 422, "no-pipeline")
    problem_in(act(api_client, "replay", type="ticket.opened", from_="nowhere"), 422, "unknown-node")
    assert state_of(api_client, event_id) == "cancelled"


def test_many_are_cancelled_a_call_after_the_other(api_client: Client) -> None:
    event_type, ids = send(api_client, 5)

    counted = act(api_client, "cancel", type=event_type, dry_run=True).json()
    assert (counted["dry_run"], counted["count"], counted["by_type"]) == (True, 5, {event_type: 5})
    first = act(api_client, "cancel", type=[event_type], state=["queued"], limit=3).json()
    assert (first["count"], first["next_cursor"]) == (3, sorted(ids)[2])
    rest = act(api_client, "cancel", type=event_type, cursor=first["next_cursor"]).json()
    assert (rest["count"], rest["asked"], rest["next_cursor"], rest["refused"]) == (2, 0, None, [])
    assert {state_of(api_client, event_id) for event_id in ids} == {"cancelled"}
    replayed = act(api_client, "replay", type=event_type, state="cancelled", from_="failed").json()
    assert replayed["count"] == 5


def test_of_events_that_are_named_each_refusal_is_told(api_client: Client) -> None:
    _, [queued] = send(api_client)
    unknown = str(new_id())

    answer = act(api_client, "retry-now", ids=[queued, unknown]).json()

    assert answer["count"] == 0
    refused = {each["id"]: (each["status"], each["problem"]["code"]) for each in answer["refused"]}
    assert refused == {queued: (409, "not-waiting"), unknown: (404, "not-found")}


@pytest.mark.parametrize("name", ACTS)
def test_whoever_means_everything_says_so(api_client: Client, name: str) -> None:
    problem_in(act(api_client, name), 422, "invalid-selection")
    problem_in(act(api_client, name, dry_run=True, limit=5), 422, "invalid-selection")
    assert act(api_client, name, all=True, dry_run=True).status_code == 200


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("cancel", {"state": "failed"}),
        ("replay", {"state": ["succeeded", "queued"]}),
        ("retry-now", {"state": "running"}),
        ("retry-now", {"reason": "own-task"}),
    ],
)
def test_a_state_that_the_act_is_not_for_is_refused(api_client: Client, name: str, members: dict[str, Any]) -> None:
    problem_in(act(api_client, name, **members), 422, "invalid-selection")


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"ids": ["x"]}, "/ids/0"),
        ({"ids": [str(UUID(int=number)) for number in range(1001)]}, "/ids"),
        ({"type": "a b"}, "/type/0"),
        ({"type": ["a"] * 101}, "/type"),
        ({"type": {}}, "/type"),
        ({"state": "done"}, "/state/0"),
        ({"reason": "boredom"}, "/reason/0"),
        ({"code": ""}, "/code/0"),
        ({"node": "x" * 201}, "/node/0"),
        ({"release": 5}, "/release"),
        ({"since": "2026-01-01T00:00:00"}, "/since"),
        ({"until": "1969-12-31T00:00:00Z"}, "/until"),
        ({"all": True, "cursor": "x"}, "/cursor"),
        ({"all": True, "limit": 10_001}, "/limit"),
        ({"all": True, "limit": 0}, "/limit"),
        ({"all": True, "dry_run": "perhaps"}, "/dry_run"),
        ({"all": True, "from_": "start"}, "/from"),
    ],
)
def test_a_member_that_means_nothing_is_named(api_client: Client, members: dict[str, Any], pointer: str) -> None:
    problem = problem_in(act(api_client, "cancel", **members), 422, "invalid-input")

    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize("path", ["/events/cancel", "/events/replay", "/events/retry-now", "/pause", "/resume"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid-json"),
        (b"{", 400, "invalid-json"),
        (b'{"all":true} x', 400, "invalid-json"),
        (b'{"all":true,"all":true}', 400, "duplicate-key"),
        (b"[]", 422, "invalid-input"),
        (b"null", 422, "invalid-input"),
        (b'{"type":[[[[1]]]]}', 422, "too-deep"),
        (rb'{"type":"a\u0000"}', 422, "forbidden-character"),
        (b'{"type":"' + b"x" * 300_000 + b'"}', 413, "too-large"),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    api_client: Client, path: str, body: bytes, status: int, code: str
) -> None:
    sent = api_client.post(path, content=body, headers={"Content-Type": "application/json"})

    problem_in(sent, status, code)


@pytest.mark.parametrize("path", ["/events/cancel", f"/events/{UUID(int=7)}/cancel", "/pause"])
def test_another_media_type_and_an_unknown_option_are_refused(api_client: Client, path: str) -> None:
    plain = api_client.post(path, content=b'{"all":true}', headers={"Content-Type": "text/plain"})
    problem_in(plain, 415, "unsupported-media-type")
    problem_in(api_client.post(path, json={"all": True}, headers={"Headrace-Tenant": "a"}), 400, "unknown-option")


def test_what_one_event_needs_no_body_for_takes_none(api_client: Client) -> None:
    _, [event_id] = send(api_client)

    problem_in(api_client.post(f"/events/{event_id}/cancel", json={"dry_run": True}), 422, "invalid-input")
    assert api_client.post(f"/events/{event_id}/cancel", json={}).status_code == 200


@pytest.mark.usefixtures("resumed")
def test_what_is_paused_is_told_with_its_time_and_who_did_it(api_client: Client) -> None:
    event_type = f"acting.{uuid4()}"

    api_client.post("/pause", json={"queue": "slow"})
    answer = api_client.post("/pause", json={"type": event_type})
    assert answer.status_code == 200
    paused = {(each["scope"], each["name"]): each for each in answer.json()["paused"]}
    assert paused.keys() == {("queue", "slow"), ("type", event_type)}
    assert {each["actor"] for each in paused.values()} == {"api"}
    assert paused["queue", "slow"]["since"].endswith("Z")
    assert api_client.post("/events", json={"type": event_type}).status_code == 202

    left = api_client.post("/resume", json={"type": event_type}).json()["paused"]
    assert [each["name"] for each in left] == ["slow"]
    assert api_client.get("/paused").json() == {"paused": left}
    assert api_client.post("/resume", json={"all": True}).json() == {"paused": []}


@pytest.mark.parametrize("members", [{}, {"all": False}, {"all": True, "type": "a"}, {"type": "a", "queue": "b"}])
@pytest.mark.parametrize("path", ["/pause", "/resume"])
def test_a_pause_names_one_thing(api_client: Client, path: str, members: dict[str, Any]) -> None:
    problem_in(api_client.post(path, json=members), 422, "invalid-selection")


@pytest.mark.parametrize("members", [{"type": "a b"}, {"type": 5}, {"queue": ""}, {"all": "perhaps"}, {"name": "a"}])
def test_a_pause_of_what_cannot_be_is_refused(api_client: Client, members: dict[str, Any]) -> None:
    problem_in(api_client.post("/pause", json=members), 422, "invalid-input")
