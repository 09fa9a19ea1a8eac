"""`headrace events erase`: asked for, answered, refused."""

import json
import os
import pty
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest

from headrace.domain.ids import new_id
from headrace.settings import child_environment
from tests.cli.support import headrace, printed
from tests.support.differing import accept_as, failed
from tests.support.installation import Installation
from tests.support.steps import TYPE, new_event

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(installation: Installation) -> dict[str, Any]:
    """The folder and the settings by which a command finds the database; nothing else is there."""
    return {**installation.settings(), "folder": installation.folder, "redis_url": "redis://127.0.0.1:9/0"}


@pytest.fixture
def ended(installation: Installation) -> list[UUID]:
    """Two events that failed."""
    return [accept_as(installation.storage, TYPE, failed) for _ in range(2)]


def answering(text: str, *arguments: str, settings: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run a command at a terminal at which somebody types."""
    near, far = pty.openpty()
    try:
        os.write(near, text.encode())
        return subprocess.run(
            [sys.executable, "-m", "headrace.cli", *arguments],
            cwd=settings["folder"],
            env=child_environment({name: value for name, value in settings.items() if name != "folder"}),
            check=False,
            stdin=far,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(near)
        os.close(far)


def test_what_can_be_erased_is_and_the_rest_is_told(
    installation: Installation, settings: dict[str, Any], ended: list[UUID]
) -> None:
    [queued] = installation.accept(new_event())
    unknown = new_id()
    named = [str(event_id) for event_id in (*ended, ended[0], queued, unknown)]

    done = headrace("events", "erase", *named, "--yes", "--json", **settings)

    assert done.returncode == 1
    answer = json.loads(done.stdout)
    refused = {each["id"]: each["code"] for each in answer["refused"]}
    assert (answer["count"], refused) == (2, {str(queued): "event-unfinished", str(unknown): "not-found"})
    assert f"The event {queued} is queued: cancel it first" in done.stderr
    assert installation.storage.states([*ended, queued]) == ["gone", "gone", "queued"]
    told = headrace("verify", **settings).stdout
    assert told.startswith("3 accepted: 1 unfinished, 0 succeeded, 0 failed, 0 cancelled, 2 erased\nNothing is wrong.")
    assert printed("status", **settings)["ledger"]["erased"] == 2


def test_who_says_yes_at_a_terminal_is_taken_at_their_word(
    installation: Installation, settings: dict[str, Any], ended: list[UUID]
) -> None:
    first, second = map(str, ended)

    no = answering("n\n", "events", "erase", first, second, settings=settings)
    assert (no.returncode, no.stdout) == (1, "")
    assert "Erase 2 events for good? [y/N] " in no.stderr
    assert no.stderr.endswith("Nothing is erased.\n")
    assert installation.storage.states(ended) == ["failed", "failed"]

    yes = answering("y\n", "events", "erase", first, settings=settings)
    assert (yes.returncode, yes.stdout) == (0, "1 event is erased.\n")
    assert installation.storage.states(ended) == ["gone", "failed"]


def test_without_a_terminal_and_without_yes_it_says_what_to_do(
    installation: Installation, settings: dict[str, Any], ended: list[UUID]
) -> None:
    refused = headrace("events", "erase", str(ended[0]), **settings)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--yes" in refused.stderr
    assert installation.storage.states(ended) == ["failed", "failed"]


@pytest.mark.parametrize("arguments", [[], ["--yes"], ["x", "--yes"]], ids=" ".join)
def test_what_names_no_event_is_refused(settings: dict[str, Any], arguments: list[str]) -> None:
    done = headrace("events", "erase", *arguments, **settings)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
