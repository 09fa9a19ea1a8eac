"""The commands of operators, on a database alone."""

import getpass
import json
import socket
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headrace.domain.ids import new_id
from tests.cli.support import headrace, printed
from tests.support.installation import APPS, Installation
from tests.support.steps import TYPE, new_event

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(installation: Installation) -> dict[str, Any]:
    """The folder and the settings by which a command finds the database; nothing else is there."""
    services = installation.storage.services
    return {
        "folder": installation.folder,
        "database_url": services.database_url,
        "database_schema": installation.storage.schema,
        "redis_url": "redis://127.0.0.1:9/0",
    }


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
    left = headrace("resume", "--type", TYPE, "--type", "other", **settings).stdout
    assert left.startswith("paused  queue slow  since ")
    assert headrace("pause", "--all", **settings).stdout.splitlines()[0].startswith("paused  all  since ")
    assert headrace("resume", "--all", **settings).stdout.startswith("Nothing is paused.")
    assert installation.storage.rows("SELECT FROM headrace.paused") == []


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
