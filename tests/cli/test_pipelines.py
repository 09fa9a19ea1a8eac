"""`headrace pipelines`: from the user's program alone, without any service."""

import shutil
from pathlib import Path

import pytest

from tests.cli.support import headrace, printed
from tests.support.installation import APPS

SECOND = """
from app import TicketOpened, tickets
from headrace import Pipeline

again = Pipeline("tickets", TicketOpened, version=2)
print("imported")

@again.node
def answer(event: TicketOpened) -> str:
    return ""
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program with a pipeline in two versions, which prints while it is imported."""
    shutil.copy(APPS / "tickets.py", tmp_path / "app.py")
    (tmp_path / "second.py").write_text(SECOND)
    return tmp_path


def test_pipelines_are_listed(folder: Path) -> None:
    listed = printed("pipelines", "list", folder=folder, app="second")
    assert [(each["name"], each["version"]) for each in listed] == [("tickets", 1), ("tickets", 2)]
    done = headrace("pipelines", "list", folder=folder, app="second")
    assert done.stdout == "tickets  version 1  ticket.opened  2 nodes\ntickets  version 2  ticket.opened  1 node\n"
    assert done.stderr == "imported\n"


def test_the_newest_version_is_shown_unless_another_is_asked_for(folder: Path) -> None:
    newest = printed("pipelines", "show", "tickets", folder=folder, app="second")
    assert (newest["version"], newest["mermaid"].splitlines()[-1]) == (2, "    event --> answer")
    first = headrace("pipelines", "show", "tickets", "--version", "1", folder=folder, app="second")
    assert first.stdout.startswith("tickets  version 1, for events of the type ticket.opened\n\nFields\n")
    assert first.stdout.endswith("  ticket.opened\n  ↓ classify\n  ↓ reply\n")
    drawn = headrace("pipelines", "show", "tickets", "--mermaid", folder=folder, app="second")
    assert drawn.stdout == newest["mermaid"] + "\n"


def test_a_wrong_name_or_version_is_told_with_those_that_there_are(folder: Path) -> None:
    done = headrace("pipelines", "show", "ticket", folder=folder, app="second")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("No pipeline is named 'ticket'; there are: tickets.\n")
    done = headrace("pipelines", "show", "tickets", "--version", "3", folder=folder, app="second")
    assert done.stderr.endswith("The pipeline 'tickets' has no version 3; there are: 1, 2.\n")


def test_without_a_program_a_sentence_says_how_to_name_one(tmp_path: Path) -> None:
    done = headrace("pipelines", "list", folder=tmp_path)
    assert done.returncode == 1
    assert "HEADRACE_APP" in done.stderr
