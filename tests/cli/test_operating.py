"""`headrace status`, `verify` and `repair`, with real processes."""

from pathlib import Path

import pytest

from tests.cli.support import headrace, printed
from tests.support.installation import Installation
from tests.support.refused import read_only
from tests.support.servers import Server
from tests.support.steps import new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    """How a command finds the installation's database and Redis."""
    return installation.settings()


def test_status_shows_who_works_and_who_leads(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    worker = installation.start_worker("tickets", release="r7")
    wait_until(
        lambda: installation.storage.value("SELECT count(*) FROM headrace.leases") == 1, "the supervisor's relay leads"
    )

    found = printed("status", folder=tmp_path, **settings)

    assert found["leader"]["pid"] == worker.pid
    process = {each["role"]: each for each in found["processes"]}
    assert process["worker"]["release"] == "r7"
    assert process["worker"]["measures"]["resident_bytes"] > 10_000_000
    assert process["worker"]["measures"]["in_flight"] == 0
    assert process["relay"]["pid"] == worker.pid
    assert found["redis"] == {"ok": True, "detail": "answers", "waiting_messages": {"default": 0}}
    assert found["advice"] == []


def test_status_needs_neither_redis_nor_workers(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    installation.accept(new_event())
    settings["redis_url"] = "redis://:secret@127.0.0.1:9/0"

    done = headrace("status", folder=tmp_path, **settings)

    assert done.returncode == 0
    assert "redis  does not answer" in done.stdout
    assert "  1 accepted, " in done.stdout
    assert "headrace worker" in done.stdout
    assert "\x1b" not in done.stdout
    assert "secret" not in done.stdout


def test_status_says_when_the_database_is_away_or_empty(settings: dict[str, str], tmp_path: Path) -> None:
    empty = headrace("status", folder=tmp_path, **{**settings, "database_schema": "nowhere"})
    away = headrace("status", folder=tmp_path, **{**settings, "database_url": "postgresql://u:secret@127.0.0.1:9/x"})

    assert (empty.returncode, away.returncode) == (1, 1)
    assert "headrace migrate" in empty.stderr
    assert away.stderr.startswith("The database at postgresql://u:***@127.0.0.1:9/x cannot be used: ")
    assert "redis  answers" in away.stdout


def test_status_fails_on_a_database_that_takes_no_writes_and_shows_all_the_same(
    postgres18: Server, installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    installation.accept(new_event())

    with read_only(postgres18.superuser_url):
        done = headrace("status", folder=tmp_path, **settings)

    assert done.returncode == 1
    assert "The server is read-only." in done.stderr
    assert "  1 accepted, " in done.stdout


def test_what_is_wrong_is_named_then_repaired(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    [event_id] = installation.accept(new_event())
    assert printed("verify", folder=tmp_path, **settings)["ledger"]["unfinished"] == 1
    installation.storage.rows("DELETE FROM headrace.runs")

    wrong = headrace("verify", folder=tmp_path, **settings)
    assert wrong.returncode == 1
    assert (
        f"event-lost: accepted events have neither a run nor a result, so that nothing will run them (1)\n  {event_id}"
        in (wrong.stdout)
    )
    assert "headrace repair --dry-run" in wrong.stdout
    tried = printed("repair", "--dry-run", folder=tmp_path, **settings)
    assert tried["repairs"] == [{"fault": "event-lost", "done": [str(event_id)], "refused": 0, "reason": None}]
    assert headrace("verify", "--json", folder=tmp_path, **settings).returncode == 1

    done = headrace("repair", folder=tmp_path, **settings)
    assert done.stdout.startswith("event-lost: 1 is put right, 0 left")
    assert headrace("verify", folder=tmp_path, **settings).stdout.endswith("Nothing is wrong.\n")
    assert installation.storage.value("SELECT actor FROM headrace.audit").startswith("cli:")


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e308", "-1", "soon"])
def test_a_time_that_is_none_is_refused_with_a_sentence(settings: dict[str, str], tmp_path: Path, seconds: str) -> None:
    done = headrace("verify", f"--overdue-seconds={seconds}", folder=tmp_path, **settings)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "overdue-seconds" in done.stderr


@pytest.mark.parametrize("arguments", [["events", "cancel", "--type"], ["send", "a"], ["pause", "--queue"]])
def test_an_argument_that_is_not_text_is_refused_with_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    done = headrace(*arguments, "x\udcff", folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(" is not encoded as text: give it in UTF-8.\n")


def test_what_cannot_be_repaired_is_refused(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    installation.accept(new_event())
    installation.storage.rows("DELETE FROM headrace.events")
    installation.storage.rows("DELETE FROM headrace.tallies")

    done = headrace("repair", folder=tmp_path, **settings)

    assert done.returncode == 1
    assert "run-without-event: 0 are put right, 1 left" in done.stdout
    assert "backup" in done.stdout
