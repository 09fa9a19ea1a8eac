"""Everything works behind pgbouncer in transaction mode, where statements of one client meet many sessions."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client

from headrace.settings import child_environment
from tests.support.installation import Installation
from tests.support.pooler import running_pooler
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

EVENTS = 200


@pytest.fixture
def pooled(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings by which a process reaches the database through the pooler."""
    folder = tmp_path_factory.mktemp("pooler")
    folder.parent.chmod(0o755)
    folder.chmod(0o755)
    with running_pooler(installation.storage.services.database_url, folder) as url:
        yield {"database_url": url, "database_pooler": "transaction"}


@pytest.fixture
def client(installation: Installation, pooled: dict[str, str]) -> Client:
    """Of an API beside two worker processes."""
    installation.start("-m", "headrace.cli", "worker", app="outage", **pooled | {"worker_processes": "2"})
    installation.wait_for_workers(2)
    return installation.start_api("outage", **pooled)[1]


def post(client: Client, type_: str, count: int = 1) -> list[str]:
    answer = client.post("/events/batch", json=[{"type": type_}] * count)
    assert answer.status_code == 202
    return [item["id"] for item in answer.json()["items"]]


def state(client: Client, event_id: str) -> str:
    return str(client.get(f"/events/{event_id}").json()["state"])


def wait_for(client: Client, event_id: str, wanted: str) -> None:
    wait_until(lambda: state(client, event_id) == wanted, f"an event is {wanted}")


def headrace(installation: Installation, pooled: dict[str, str], *words: str) -> int:
    """The exit code of a command."""
    urls = {"database_schema": installation.storage.schema, "redis_url": installation.redis_url}
    command = [sys.executable, "-m", "headrace.cli", *words]
    done = subprocess.run(command, cwd=installation.folder, env=child_environment(urls | pooled), check=False)
    return done.returncode


def test_events_are_finished_retried_and_cancelled(installation: Installation, client: Client) -> None:
    many = post(client, "ticket.opened", EVENTS)
    [retried], [held] = post(client, "retried"), post(client, "held")

    wait_for(client, held, "running")
    assert client.post(f"/events/{held}/cancel").status_code == 202
    wait_for(client, held, "cancelled")
    Path(installation.folder / "let_go").touch()
    wait_for(client, retried, "succeeded")
    wait_until(lambda: client.get("/stats").json()["succeeded"] == EVENTS + 1, "all are finished")
    assert state(client, many[-1]) == "succeeded"


def test_the_handles_of_an_operator_work(installation: Installation, client: Client, pooled: dict[str, str]) -> None:
    assert client.post("/pause", json={"type": "ticket.opened"}).status_code == 200
    [paused] = post(client, "ticket.opened")
    wait_for(client, paused, "waiting")
    assert headrace(installation, pooled, "status") == 0
    assert headrace(installation, pooled, "resume", "--all") == 0
    wait_for(client, paused, "succeeded")
    assert headrace(installation, pooled, "events", "replay", paused) == 0
    wait_for(client, paused, "succeeded")
    assert headrace(installation, pooled, "verify") == 0


def test_a_key_holds_and_is_answered(installation: Installation, client: Client) -> None:
    sent = [client.post("/events", json={"type": "ticket.opened"}, headers={"Idempotency-Key": "one"}) for _ in "12"]

    assert len({answer.json()["id"] for answer in sent}) == 1
    assert installation.storage.value("SELECT count(*) FROM headrace.events") == 1
