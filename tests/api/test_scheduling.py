"""Schedules over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Client

from tests.api.problems import problem_in

EVENT = {"type": "digest.due", "to": "everyone"}


@pytest.fixture
def name(api_client: Client) -> Iterator[str]:
    chosen = f"test-{uuid4().hex}"
    yield chosen
    api_client.delete(f"/schedules/{chosen}")


def create(api_client: Client, name: str, **more: Any) -> Any:
    body = {"name": name, "cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin", "event": EVENT, **more}
    return api_client.post("/schedules", json={key: value for key, value in body.items() if value is not None})


def test_a_schedule_is_created_and_read(api_client: Client, name: str) -> None:
    created = create(api_client, name, overlap="skip")

    assert (created.status_code, created.headers["location"]) == (201, f"/schedules/{name}")
    schedule = api_client.get(f"/schedules/{name}").json()
    assert schedule == created.json()
    assert (schedule["cron"], schedule["timezone"], schedule["overlap"]) == ("0 9 * * MON-FRI", "Europe/Berlin", "skip")
    assert (schedule["event"], schedule["type"], schedule["queue"], schedule["runs"]) == (
        EVENT,
        "digest.due",
        "default",
        [],
    )
    assert len(schedule["next"]) == 10
    assert {datetime.fromisoformat(tick).weekday() for tick in schedule["next"]} == {0, 1, 2, 3, 4}


def test_a_name_is_taken_once(api_client: Client, name: str) -> None:
    create(api_client, name)

    problem_in(create(api_client, name), 409, "schedule-exists")


def test_schedules_are_listed_by_their_names(api_client: Client, name: str) -> None:
    create(api_client, name)
    create(api_client, f"{name}b")

    page = api_client.get("/schedules", params={"cursor": name[:-1], "limit": 1}).json()
    rest = api_client.get("/schedules", params={"cursor": page["next_cursor"], "limit": 1}).json()

    assert [each["name"] for each in (*page["schedules"], *rest["schedules"])] == [name, f"{name}b"]
    assert api_client.delete(f"/schedules/{name}b").status_code == 200


def test_what_is_given_is_changed_and_the_rest_stays(api_client: Client, name: str) -> None:
    create(api_client, name, overlap="skip")

    changed = api_client.patch(f"/schedules/{name}", json={"every": "2h", "event": {"type": "digest.due", "to": "one"}})

    assert changed.status_code == 200
    schedule = changed.json()
    assert "cron" not in schedule
    assert "timezone" not in schedule
    assert (schedule["every"], schedule["overlap"], schedule["event"]["to"]) == (7200.0, "skip", "one")
    again = api_client.patch(f"/schedules/{name}", json={"overlap": None}).json()
    assert "overlap" not in again
    assert again["next"] == schedule["next"]


def test_a_change_of_the_policies_leaves_an_interval_where_it_was(api_client: Client, name: str) -> None:
    before = create(api_client, name, cron=None, timezone=None, every="7h").json()

    assert api_client.patch(f"/schedules/{name}", json={"jitter": "5s"}).json()["next"] == before["next"]


def test_an_interval_begins_when_the_schedule_starts(api_client: Client, name: str) -> None:
    starts_at = "2031-01-31T18:00:00Z"
    created = create(api_client, name, cron=None, timezone=None, every="7h", starts_at=starts_at).json()

    assert created["next"][:2] == [starts_at, "2031-02-01T01:00:00Z"]


def test_a_paused_schedule_has_no_next_tick_until_it_is_resumed(api_client: Client, name: str) -> None:
    create(api_client, name)

    paused = api_client.post(f"/schedules/{name}/pause").json()
    assert paused["paused_at"] is not None
    assert paused["next"] == []
    assert api_client.post(f"/schedules/{name}/pause").json() == paused
    resumed = api_client.post(f"/schedules/{name}/resume").json()
    assert resumed["paused_at"] is None
    assert datetime.fromisoformat(resumed["next"][0]) > datetime.fromisoformat(paused["paused_at"]).astimezone(UTC)


def test_it_is_run_at_once_and_the_run_is_shown(api_client: Client, name: str) -> None:
    create(api_client, name)

    ran = api_client.post(f"/schedules/{name}/run")

    assert ran.status_code == 202
    event = api_client.get(ran.headers["location"]).json()
    assert (event["data"], event["source"]) == (EVENT, f"schedule:{name}")
    [run] = api_client.get(f"/schedules/{name}").json()["runs"]
    assert (run["id"], run["state"]) == (event["id"], event["state"])


def test_a_deleted_schedule_is_gone(api_client: Client, name: str) -> None:
    create(api_client, name)
    assert api_client.delete(f"/schedules/{name}").json() == {"name": name, "state": "deleted"}

    problem_in(api_client.get(f"/schedules/{name}"), 404, "not-found")
    for path in ("pause", "resume", "run"):
        problem_in(api_client.post(f"/schedules/{name}/{path}"), 404, "not-found")
    problem_in(api_client.patch(f"/schedules/{name}", json={}), 404, "not-found")
    problem_in(api_client.delete(f"/schedules/{name}"), 404, "not-found")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"cron": "61 * * * *"}, "/cron"),
        ({"cron": "0 0 30 2 *"}, "/cron"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"cron": None, "timezone": None, "every": "500ms"}, "/every"),
        ({"cron": None, "timezone": None}, ""),
        ({"overlap": "never"}, "/overlap"),
        ({"more": 1}, "/more"),
        ({"queue": "no such queue!"}, "/queue"),
        ({"event": None}, "/event"),
        ({"cron": None, "timezone": None, "at": "2020-01-31T18:00:00Z"}, "/at"),
        ({"ends_at": "2020-01-31T18:00:00Z"}, "/ends_at"),
    ],
)
def test_a_mistake_is_told_with_its_field(api_client: Client, name: str, more: dict[str, Any], pointer: str) -> None:
    problem = problem_in(create(api_client, name, **more), 422, "invalid-input")

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    problem_in(api_client.get(f"/schedules/{name}"), 404, "not-found")


def test_a_mistake_says_what_to_write(api_client: Client, name: str) -> None:
    problem = problem_in(create(api_client, name, cron="61 * * * *", timezone="Mars/Olympus"), 422, "invalid-input")

    assert [(error["code"], error["detail"]) for error in problem["errors"]] == [
        ("cron", "is no cron expression (minute hour day month weekday): bad minute"),
        ("timezone", "is no time zone, as Europe/Berlin"),
    ]


@pytest.mark.parametrize("name", ["", "a b", "ü", "a/b", "x" * 101])
def test_a_name_that_no_path_could_have_is_refused(api_client: Client, name: str) -> None:
    problem = problem_in(create(api_client, name), 422, "invalid-input")

    assert [error["pointer"] for error in problem["errors"]] == ["/name"]


def test_an_event_that_no_pipeline_could_take_is_refused_with_the_field(api_client: Client, name: str) -> None:
    problem = problem_in(create(api_client, name, event={"to": "everyone"}), 422, "invalid-event")

    assert problem["errors"][0]["pointer"] == "/event/type"


def test_a_task_that_no_module_declares_is_refused_with_the_field(api_client: Client, name: str) -> None:
    event = {"type": "headrace.task", "task": "unheard_of"}

    problem = problem_in(create(api_client, name, event=event), 422, "schema-mismatch")

    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/event/task", "unknown-task")]
    assert [
        each["pointer"] for each in problem_in(api_client.post("/events", json=event), 422, "schema-mismatch")["errors"]
    ] == ["/task"]


def test_what_an_operator_creates_is_no_programs(api_client: Client, name: str) -> None:
    created = create(api_client, name).json()

    assert (created["app"], created["vanished_at"]) == (None, None)
