"""The commands about schedules, against a running API."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import headrace, printed
from tests.support.installation import Installation

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(installation: Installation, tmp_path: Path) -> dict[str, Any]:
    """For each command; the program takes tickets."""
    _, client = installation.start_api("tickets")
    return {"folder": tmp_path, "api_url": str(client.base_url)}


def test_a_schedule_is_created_changed_paused_resumed_run_and_deleted(settings: dict[str, Any]) -> None:
    created = printed("schedule", "create", "digest", "ticket.opened", "subject=Hello", "--every", "90", **settings)
    assert (created["every"], created["event"]) == (90.0, {"type": "ticket.opened", "subject": "Hello"})

    changed = printed("schedule", "change", "digest", "--cron", "0 9 * * *", "--timezone", "Europe/Berlin", **settings)
    assert ("every" in changed, changed["cron"], changed["event"]) == (False, "0 9 * * *", created["event"])
    changed = printed("schedule", "change", "digest", "subject=Bye", **settings)
    assert (changed["cron"], changed["event"]["subject"]) == ("0 9 * * *", "Bye")

    assert printed("schedule", "pause", "digest", **settings)["next"] == []
    assert len(printed("schedule", "resume", "digest", **settings)["next"]) == 10
    run = printed("schedule", "run", "digest", **settings)
    assert [each["id"] for each in printed("schedule", "show", "digest", **settings)["runs"]] == [run["id"]]
    assert [each["name"] for each in printed("schedule", "list", **settings)["schedules"]] == ["digest"]
    assert headrace("schedule", "delete", "digest", **settings).stdout == "The schedule digest is deleted.\n"
    assert headrace("schedule", "show", "digest", **settings).returncode == 1


def test_a_change_of_nothing_is_a_mistake(settings: dict[str, Any]) -> None:
    done = headrace("schedule", "change", "digest", **settings)

    assert done.returncode == 2
    assert "say what to change" in done.stderr


def test_a_mistake_is_told_with_its_field(settings: dict[str, Any]) -> None:
    done = headrace("schedule", "create", "digest", "ticket.opened", "--cron", "61 * * * *", **settings)

    assert done.returncode == 1
    assert "cron: is no cron expression (minute hour day month weekday): bad minute" in done.stderr
