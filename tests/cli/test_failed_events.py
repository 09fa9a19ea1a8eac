"""A failed event as the API and the commands show it."""

from pathlib import Path

import pytest

from tests.cli.support import headrace
from tests.support.differing import accept_as, failed
from tests.support.installation import Installation

pytestmark = pytest.mark.slow


def test_a_failed_event_shows_its_reason_its_attempts_and_its_last_error(
    installation: Installation, tmp_path: Path
) -> None:
    event_id = str(accept_as(installation.storage, "first", failed))
    client = installation.start_api()[1]
    where = {"api_url": str(client.base_url).rstrip("/")}

    event = client.get(f"/events/{event_id}").json()
    assert (event["state"], event["reason"], event["attempt"]) == ("failed", "node-failed", 1)
    assert (event["error"]["code"], event["error"]["message"]) == ("bad-total", "no")
    [attempt] = event["attempts"]
    assert (attempt["outcome"], attempt["node"], attempt["error"]["code"]) == ("failed", "charge", "bad-total")
    [listed] = client.get("/events", params={"state": "failed"}).json()["events"]
    assert (listed["id"], listed["reason"]) == (event_id, "node-failed")

    assert "failed (node-failed)" in headrace("events", "list", "--state", "failed", folder=tmp_path, **where).stdout
    shown = headrace("events", "show", event_id, folder=tmp_path, **where).stdout
    assert "failed (node-failed)" in shown
    assert "  attempt   1\n" in shown
    assert "ValueError: no  bad-total" in shown
