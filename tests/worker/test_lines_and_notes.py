"""What nodes tell while they run, and what is kept of it."""

import json
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Client

from tests.support.installation import Installation
from tests.support.steps import new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def read(client: Client, event_id: UUID) -> dict[str, Any]:
    event: dict[str, Any] = client.get(f"/events/{event_id}").json()
    return event


def lines_of(event: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Node, level and text of the kept lines of an event's only attempt that has some."""
    [kept] = event["logs"]
    return [(line["node"], line["level"], line["text"]) for line in kept["lines"]["lines"]]


def test_notes_are_read_while_the_node_runs_and_lines_are_kept_and_logged(installation: Installation) -> None:
    supervisor = installation.start_worker("talkative", log_level="info")
    _, client = installation.start_api("talkative")
    [event_id, failing] = installation.accept(new_event("told", items=["a", "b"]), new_event("failing"))

    wait_until(lambda: bool(read(client, event_id)["notes"]), "there is a note")
    running = read(client, event_id)
    (installation.folder / "go").touch()

    installation.wait_until_all_are("succeeded", [event_id])
    assert running["state"] == "running"
    [note] = running["notes"]
    assert (note["node"], note["attempt"]) == ("count", 1)
    assert note["note"] == {"message": "half of it", "done": 1, "total": 2}
    finished = read(client, event_id)
    expected = {
        ("count", "info", "counting done=1"),
        ("count", "warning", "counted all"),
        ("say", "info", "hello from a thread"),
        ("say", "info", "to standard error"),
        ("each[0]", "info", "an item: a"),
        ("each[1]", "info", "an item: b"),
        ("compute", "info", "hello from a process"),
    }
    assert set(lines_of(finished)) == expected
    assert len(lines_of(finished)) == len(expected)
    assert finished["notes"] == running["notes"]
    installation.wait_until_all_are("waiting", [failing])
    assert lines_of(read(client, failing)) == [("fail", "info", "once more")] * 2
    logged = [json.loads(line) for line in supervisor.log.read_text().splitlines()]
    of_event = [line for line in logged if line.get("event_id") == str(event_id)]
    assert {(line["node"], line["level"], line["message"]) for line in of_event} == {
        (node, level, text.removesuffix(" done=1")) for node, level, text in expected
    }
