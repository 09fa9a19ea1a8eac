"""What operators hold back and let go, with real worker processes."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.support.installation import Installation
from tests.support.steps import TYPE, new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: After a pause nothing starts any more within this time.
BOUND = timedelta(seconds=2)


def states(installation: Installation, ids: list[UUID]) -> set[str]:
    return set(installation.storage.states(ids))


def test_a_pause_stops_all_starts_at_once_and_survives_restarts_until_it_is_resumed(
    installation: Installation,
) -> None:
    _, client = installation.start_api("tickets")
    supervisor = installation.start_worker("tickets")
    ids = installation.accept(*(new_event() for _ in range(3000)))

    [paused] = client.post("/pause", json={"type": TYPE}).json()["paused"]
    later = [UUID(client.post("/events", json={"type": TYPE}).json()["id"]) for _ in range(3)]
    wait_until(lambda: states(installation, ids + later) <= {"succeeded", "waiting"}, "all that was due is set aside")

    started = "SELECT count(*) FROM headrace.results WHERE started_at > %s"
    assert installation.storage.value(started, datetime.fromisoformat(paused["since"]) + BOUND) == 0
    assert states(installation, later) == {"waiting"}
    assert client.get(f"/events/{later[0]}").json()["reason"] == "paused"

    supervisor.terminate()
    assert supervisor.exit_code() == 0
    installation.start_worker("tickets")
    more = installation.accept(new_event())
    installation.wait_until_all_are("waiting", more)
    assert states(installation, later) == {"waiting"}

    assert client.post("/resume", json={"type": TYPE}).json() == {"paused": []}
    installation.wait_until_all_are("succeeded", ids + later + more)


def test_what_a_bad_release_failed_runs_when_it_is_mended(installation: Installation) -> None:
    _, client = installation.start_api("charges")
    bad = installation.start_worker("charges")
    ids = installation.accept(*(new_event("ordered", amount=number) for number in range(500)))
    installation.wait_until_all_are("waiting", ids)

    client.post("/pause", json={"all": True})
    bad.terminate()
    assert bad.exit_code() == 0
    installation.start_worker("charges_mended")
    counted = client.post("/events/retry-now", json={"type": "ordered", "dry_run": True}).json()
    assert counted["by_type"] == {"ordered": 500}
    assert client.post("/events/retry-now", json={"type": "ordered"}).json()["count"] == 500
    client.post("/resume", json={"all": True})

    installation.wait_until_all_are("succeeded", ids)
    assert installation.storage.result(ids[7])["task_context"]["nodes"] == {"reserve": 70, "charge": 70}
