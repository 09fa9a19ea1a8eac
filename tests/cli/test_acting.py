"""The commands of operators, on a database alone."""

import asyncio
import getpass
import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headrace.cli.performing import go_through, tell
from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.selection import Selection
from headrace.flow.operate import Acted
from headrace.settings import load_settings
from tests.cli.support import headrace, printed
from tests.support.differing import FIRST, accept_failed, accept_waiting
from tests.support.installation import APPS, Installation
from tests.support.steps import TYPE, new_event

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(installation: Installation) -> dict[str, Any]:
    """The folder and the settings by which a command finds the database; nothing else is there."""
    return {**installation.settings(), "folder": installation.folder, "redis_url": "redis://127.0.0.1:9/0"}


def wait_for_a_retry(installation: Installation, event_id: UUID) -> None:
    installation.storage.rows(
        "UPDATE headrace.runs SET state = 'waiting', reason = 'retry', rank = now() + interval '1 day'"
        " WHERE event_id = %s",
        event_id,
    )


def test_retry_now_moves_what_waits_and_names_the_rest(installation: Installation, settings: dict[str, Any]) -> None:
    waiting, queued = installation.accept(new_event(), new_event())
    wait_for_a_retry(installation, waiting)
    unknown = new_id()

    done = headrace("events", "retry-now", *map(str, (waiting, queued, unknown)), "--json", **settings)

    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["count"], {each["id"]: each["code"] for each in answer["refused"]}) == (
        1,
        {str(queued): "not-waiting", str(unknown): "not-found"},
    )
    assert str(unknown) in done.stderr
    assert installation.storage.states([waiting]) == ["queued"]
    assert installation.storage.value("SELECT rank <= now() FROM headrace.runs WHERE event_id = %s", waiting)


def test_reschedule_moves_what_waits_for_its_delivery(installation: Installation, settings: dict[str, Any]) -> None:
    later = utc_now() + timedelta(days=2)
    delayed, queued = installation.accept(new_event(deliver_at=later), new_event())

    moved = headrace("events", "reschedule", str(delayed), str(queued), "--at", "2031-01-31T18:00:00Z", **settings)

    assert (moved.returncode, moved.stdout) == (1, "1 event is given another time.\n")
    assert f"{queued} does not wait for its delivery: it is queued" in moved.stderr
    rank = installation.storage.value("SELECT rank FROM headrace.runs WHERE event_id = %s", delayed)
    assert rank == datetime(2031, 1, 31, 18, tzinfo=UTC)
    assert headrace("events", "reschedule", str(delayed), **settings).returncode == 2


def test_events_are_counted_cancelled_and_replayed_by_what_they_are(
    installation: Installation, settings: dict[str, Any]
) -> None:
    ids = installation.accept(new_event(), new_event(), new_event("other"))

    dry = headrace("events", "cancel", "--type", TYPE, "--since", "1h", "--dry-run", **settings)
    assert dry.stdout == f"2 events would be cancelled.\n           2  {TYPE}\n"
    assert headrace("events", "cancel", "--type", TYPE, **settings).stdout == "2 events are cancelled.\n"
    assert installation.storage.states(ids) == ["cancelled", "cancelled", "queued"]
    assert printed("events", "cancel", "--all", **settings)["count"] == 1
    assert printed("events", "cancel", "--all", "--until", "1h", **settings)["count"] == 0

    assert headrace("events", "cancel", "--state", "cancelled", **settings).returncode == 2

    replayed = headrace("events", "replay", "--state", "cancelled", "--from", "start", **settings)
    assert replayed.stdout == "3 events are replayed.\n"
    assert installation.storage.states(ids) == ["queued"] * 3
    actors = installation.storage.rows("SELECT DISTINCT actor FROM headrace.audit")
    assert actors == [(f"cli:{getpass.getuser()}@{socket.gethostname()}",)]


@pytest.mark.parametrize(
    ("option", "value", "types"),
    [
        *((f"--{name}", value, {"first"}) for name, value in FIRST.items()),
        ("--reason", "node-failed", {"first"}),
        ("--reason", "worker-lost", {"second"}),
        ("--state", "failed", {"first", "second"}),
    ],
)
def test_each_option_chooses_the_events_that_it_is_true_of(
    installation: Installation, settings: dict[str, Any], option: str, value: str, types: set[str]
) -> None:
    accept_failed(installation.storage)

    counted = printed("events", "replay", option, value, "--dry-run", **settings)

    assert counted["by_type"].keys() == types


@pytest.mark.parametrize(
    ("act", "given", "become"),
    [
        ("replay", {"state": "failed", "reason": "node-failed"}, ["queued", "failed"]),
        ("cancel", {"state": "waiting", "reason": "retry"}, ["cancelled", "waiting"]),
        ("retry-now", {"state": "waiting", "reason": "retry"}, ["queued", "waiting"]),
    ],
)
def test_an_act_has_each_of_its_options_where_it_belongs(
    installation: Installation, settings: dict[str, Any], act: str, given: dict[str, str], become: list[str]
) -> None:
    accept = accept_failed if act == "replay" else accept_waiting
    ids = accept(installation.storage)[:2]

    options = [word for name, value in {**FIRST, **given}.items() for word in (f"--{name}", value)]
    done = printed("events", act, *options, "--since", "1h", "--until", "0s", **settings)

    assert done["count"] == 1
    assert installation.storage.states(ids) == become


def test_what_several_calls_refuse_is_told_at_the_end(installation: Installation, settings: dict[str, Any]) -> None:
    unknown, event_id, other = new_id(), *installation.accept(new_event()), new_id()
    meant = Selection(ids=[event_id, unknown, other])
    folder = settings.pop("folder")

    acted = asyncio.run(
        go_through(
            load_settings({}, folder, **settings),
            lambda operator, selection, after: operator.cancel(selection, after=after, most=1),
            meant,
            "cancelled",
        )
    )

    assert (acted.count, set(acted.refused)) == (1, {unknown, other})


def test_a_replay_from_a_node_looks_into_the_users_program(
    installation: Installation, settings: dict[str, Any]
) -> None:
    [event_id] = installation.accept(new_event())
    (installation.folder / "app.py").write_text((APPS / "tickets.py").read_text())
    headrace("events", "cancel", str(event_id), **settings)

    unknown = headrace("events", "replay", str(event_id), "--from", "nowhere", "--app", "app", **settings)
    assert unknown.returncode == 1
    assert "nowhere" in unknown.stderr
    assert headrace("events", "replay", str(event_id), "--from", "reply", "--app", "app", **settings).returncode == 0
    assert installation.storage.states([event_id]) == ["queued"]


def test_a_pause_holds_until_it_is_resumed(installation: Installation, settings: dict[str, Any]) -> None:
    paused = printed("pause", "--type", TYPE, "--type", "other", "--queue", "slow", **settings)["paused"]
    assert [(each["scope"], each["name"]) for each in paused] == [("queue", "slow"), ("type", "other"), ("type", TYPE)]
    told = headrace("pause", "--type", "mistyped", **settings).stdout
    assert "No live worker and no unfinished event has the type mistyped" in told
    for unfit in (("--type", "a\x1b[2J"), ("--queue", "Slow; ls")):
        assert headrace("pause", *unfit, **settings).returncode == 2
    resumed = ("--type", TYPE, "--type", "other", "--type", "mistyped")
    left = headrace("resume", *resumed, **settings).stdout
    assert left.startswith("paused  queue slow  since ")
    assert headrace("pause", "--all", **settings).stdout.splitlines()[0].startswith("paused  all  since ")
    assert headrace("resume", "--all", **settings).stdout.startswith("Nothing is paused.")
    assert installation.storage.rows("SELECT FROM headrace.paused") == []


@pytest.mark.parametrize(
    "options",
    [
        *(["--type", text] for text in ("", "a b", "ticket.opened\n", "x" * 300)),
        *([option, text] for option in ("--code", "--node", "--release") for text in ("", "x" * 201)),
        ["--reason", "retry"],
        ["--since", "1h", "--until", "2h"],
        ["--since", "20261126"],
    ],
    ids=lambda options: f"{options[0]} {options[1][:20]!r}",
)
def test_what_a_request_refuses_is_refused_with_a_sentence(settings: dict[str, Any], options: list[str]) -> None:
    done = headrace("events", "replay", *options, "--dry-run", **settings)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [["--type", ""], ["--type", "a\n"], ["--queue", ""], ["--queue", "x" * 201]])
def test_what_cannot_be_is_not_paused(installation: Installation, settings: dict[str, Any], options: list[str]) -> None:
    assert headrace("pause", *options, **settings).returncode == 2
    assert installation.storage.rows("SELECT FROM headrace.paused") == []


def test_a_dry_run_names_what_would_be_left_alone(installation: Installation, settings: dict[str, Any]) -> None:
    [queued] = installation.accept(new_event())
    unknown = new_id()

    done = headrace("events", "replay", str(queued), str(unknown), "--dry-run", **settings)
    other = headrace("events", "cancel", str(queued), "--type", "other", **settings)

    assert (done.returncode, other.returncode) == (1, 1)
    assert done.stdout == "0 events would be replayed.\n"
    assert f"The event {queued} is queued" in done.stderr
    assert f"no event {unknown}" in done.stderr
    assert "not what else is asked for" in other.stderr


@pytest.mark.parametrize(
    ("acted", "told"),
    [
        (Acted(0), "0 events are cancelled."),
        (Acted(1), "1 event is cancelled."),
        (Acted(1, asked=1), "1 event is held by a worker, which ends it within seconds."),
        (
            Acted(5, asked=2),
            "3 events are cancelled. 2 events are held by workers, which end them within seconds.",
        ),
    ],
)
def test_what_a_worker_still_holds_is_not_told_as_done(
    acted: Acted, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(acted, "cancelled", dry_run=False, as_json=False)

    assert capsys.readouterr().out == f"{told}\n"


def test_the_audit_is_read_from_the_newest(installation: Installation, settings: dict[str, Any]) -> None:
    assert headrace("audit", **settings).stderr == "Nobody has done anything yet.\n"
    [event_id] = installation.accept(new_event())
    headrace("events", "cancel", str(event_id), **settings)
    headrace("pause", "--queue", "slow", **settings)

    actor = f"cli:{getpass.getuser()}@{socket.gethostname()}"
    rows = printed("audit", **settings)["audit"]
    assert [(row["act"], row["actor"]) for row in rows] == [("pause", actor), ("cancel", actor)]
    assert rows[1]["detail"]["ids"] == [str(event_id)]
    assert len(printed("audit", "--limit", "1", **settings)["audit"]) == 1
    [_, line] = headrace("audit", **settings).stdout.splitlines()
    assert line.endswith(f'  {actor}  cancel  count 1  ids ["{event_id}"]')
    assert headrace("audit", "--limit", "1001", **settings).returncode == 2


@pytest.mark.parametrize("arguments", [["status"], ["verify"], ["pause", "--all"], ["events", "cancel", "--all"]])
def test_where_development_has_stopped_it_is_said_how_to_start_it(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "9")
    (tmp_path / ".headrace").mkdir()

    done = headrace(*arguments, folder=tmp_path)

    assert done.returncode == 1
    assert done.stderr.endswith(". Start it with `headrace dev`, or set HEADRACE_DATABASE_URL.\n")
    assert done.stderr.count("headrace dev") == 1
    assert "Start the database" not in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["events", "retry-now", str(UUID(int=7))], ["events", "cancel", "--all"], ["pause", "--all"], ["resume", "--all"]],
    ids=" ".join,
)
def test_without_a_database_a_sentence_says_so(arguments: list[str], tmp_path: Path) -> None:
    done = headrace(*arguments, folder=tmp_path, database_url="postgresql://u:secret@127.0.0.1:9/x")
    assert done.returncode == 1
    assert done.stderr.startswith("The database at postgresql://u:***@127.0.0.1:9/x cannot be used: ")
    assert done.stderr.count("\n") == 1
