"""`headrace search`, over a running API."""

from pathlib import Path

import pytest

from tests.cli.support import headrace, printed
from tests.support.installation import Installation
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def test_finished_events_are_searched_from_the_command_line(installation: Installation, tmp_path: Path) -> None:
    installation.start_worker("tickets")
    _, client = installation.start_api("tickets")
    settings = {**installation.settings(), "api_url": str(client.base_url).rstrip("/")}
    sent = {"type": "ticket.opened", "subject": "Lamp", "body": "My invoice, please"}
    event_id = client.post("/events", json=sent).json()["id"]

    def found(*words: str) -> list[str]:
        return [hit["id"] for hit in printed("search", *words, folder=tmp_path, **settings)["hits"]]

    wait_until(lambda: found("lamp", "invoice") == [event_id], "it is found", 30.0)
    assert found("--state", "succeeded", "--type", "ticket.opened", "--since", "1h", '"my invoice"') == [event_id]
    assert found("--until", "1h", "invoice") == []
    assert found("lamp -invoice") == []
    assert "0 hits" in headrace("search", "--", "-invoice", folder=tmp_path, **settings).stderr

    shown = headrace("search", "invoice", "--facets", folder=tmp_path, **settings)
    assert shown.returncode == 0
    assert event_id in shown.stdout
    assert "payload.body: My invoice, please" in shown.stdout
    assert "1 hit, in PostgreSQL" in shown.stderr

    wrong = headrace("search", "stat:failed", folder=tmp_path, **settings)
    assert wrong.returncode == 1
    assert "[invalid-query]" in wrong.stderr
    assert "state" in wrong.stderr
    assert headrace("search", "--type", "a b", folder=tmp_path, **settings).returncode == 2
