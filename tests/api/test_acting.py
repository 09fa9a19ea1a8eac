"""Cancel, replay, retry now, pause and resume as a client asks for them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from httpx2 import Client, Response

from headrace.domain.ids import new_id
from headrace.embedded import EmbeddedServices
from tests.api.problems import problem_in
from tests.api.test_reading import send
from tests.support.differing import FIRST, accept_as, accept_failed, accept_waiting, delayed, failed
from tests.support.installation import Installation
from tests.support.steps import TYPE
from tests.support.waiting import wait_until

ACTS = ["cancel", "replay", "retry-now"]


def act(api_client: Client, name: str, **members: Any) -> Response:
    return api_client.post(f"/events/{name}", json={name.rstrip("_"): value for name, value in members.items()})


def state_of(api_client: Client, event_id: str) -> str:
    return str(api_client.get(f"/events/{event_id}").json()["state"])


@pytest.fixture
def acting(installation: Installation) -> Client:
    """A client of an API over storage that the test may write."""
    return installation.start_api("tickets")[1]


def test_each_member_chooses_the_events_that_it_is_true_of(acting: Client, installation: Installation) -> None:
    accept_failed(installation.storage)

    def chosen(name: str, **members: Any) -> set[str]:
        return set(act(acting, name, dry_run=True, **members).json()["by_type"])

    for member, value in FIRST.items():
        assert chosen("replay", **{member: value}) == {"first"}, member
    assert chosen("replay", reason="worker-lost") == {"second"}
    assert chosen("replay", state="failed") == {"first", "second"}
    act(acting, "replay", all=True)
    act(acting, "cancel", all=True)

    accept_waiting(installation.storage)
    for name in ("cancel", "retry-now"):
        for member, value in FIRST.items():
            assert chosen(name, **{member: value}) == {"first"}, (name, member)
        assert chosen(name, reason="no-pipeline") == {"second"}
    acted = act(acting, "retry-now", **FIRST, reason="retry", state="waiting").json()
    assert acted["count"] == 1


def test_what_waits_for_a_retry_runs_at_once(acting: Client, installation: Installation) -> None:
    event_id = accept_as(installation.storage, "first", delayed)

    answer = acting.post(f"/events/{event_id}/retry-now")

    assert (answer.status_code, answer.headers["location"]) == (202, f"/events/{event_id}")
    assert answer.json() == {"id": str(event_id), "state": "queued", "task_id": str(event_id)}
    assert state_of(acting, str(event_id)) == "queued"
    assert installation.storage.value("SELECT rank <= now() FROM headrace.runs")
    assert installation.storage.rows("SELECT act, actor FROM headrace.audit") == [("retry-now", "api")]


def test_a_replay_from_a_node_keeps_what_was_before_it(acting: Client, installation: Installation) -> None:
    event_id = accept_as(installation.storage, TYPE, failed)

    answer = acting.post(f"/events/{event_id}/replay", json={"from": "reply"})

    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert installation.storage.run(event_id)["epoch"] == 2
    assert installation.storage.rows("SELECT node FROM headrace.checkpoints WHERE epoch = 2") == [("classify",)]
    [past] = acting.get(f"/events/{event_id}").json()["past_results"]
    assert (past["run_number"], past["state"]) == (1, "failed")


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

    problem_in(api_client.post(f"/events/{event_id}/replay", json={"from": "nowhere"}), 422, "unknown-node")
    problem_in(act(api_client, "replay", type="ticket.opened", from_="nowhere"), 422, "unknown-node")
    assert state_of(api_client, event_id) == "cancelled"


def test_events_are_accepted_while_operators_count(api_client: Client, services: EmbeddedServices) -> None:
    with (
        ThreadPoolExecutor(5) as threads,
        psycopg.connect(services.migrate_database_url) as connection,
    ):
        connection.execute("LOCK TABLE headrace.results IN ACCESS EXCLUSIVE MODE")
        counting = [threads.submit(act, api_client, "replay", all=True, dry_run=True) for _ in range(5)]
        waiting = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
        wait_until(lambda: connection.execute(waiting).fetchone() == (True,), "one of them waits")
        accepted = [api_client.post("/events", json={"type": "ticket.opened"}).status_code for _ in range(5)]
        connection.rollback()
        assert [each.result().status_code for each in counting] == [200] * 5
    assert accepted == [202] * 5


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
        *(({"since": value}, "/since") for value in (20261126, 1.5e12, "20261126", "2026", True)),
        ({"until": "1969-12-31T00:00:00Z"}, "/until"),
        ({"all": True, "cursor": "x"}, "/cursor"),
        ({"all": True, "limit": 10_001}, "/limit"),
        ({"all": True, "limit": 0}, "/limit"),
        *(({"all": True, "limit": value}, "/limit") for value in (True, "5", 5.0)),
        *(({"all": True, "dry_run": value}, "/dry_run") for value in ("perhaps", "yes", 0, 1)),
        *(({"all": value}, "/all") for value in ("yes", "true", 1)),
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
    assert answer.json()["notes"] == [
        f"No live worker and no unfinished event has the type {event_type}. The pause holds all the same."
    ]
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


@pytest.mark.parametrize(
    "members",
    [{"type": "a b"}, {"type": 5}, {"queue": ""}, {"queue": "Slow; ls"}, {"all": "perhaps"}, {"all": 1}, {"name": "a"}],
)
def test_a_pause_of_what_cannot_be_is_refused(api_client: Client, members: dict[str, Any]) -> None:
    problem_in(api_client.post("/pause", json=members), 422, "invalid-input")
