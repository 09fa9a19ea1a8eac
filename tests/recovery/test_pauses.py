"""A pause holds until somebody resumes it, also where everything was stopped and started again."""

from pathlib import Path

import pytest
from httpx2 import Client

from tests.support.installation import Installation
from tests.support.servers import Server, running_server
from tests.support.steps import TYPE, new_event
from tests.support.storage import Storage

pytestmark = pytest.mark.slow


def begin(server: Server, folder: Path) -> tuple[Installation, Client]:
    """An API and a worker on these servers."""
    storage = Storage(server.services, server.superuser_url, "headrace")
    installation = Installation(storage, server.services.redis_url, folder)
    installation.start_worker("tickets")
    return installation, installation.start_api("tickets")[1]


def end(installation: Installation) -> None:
    installation.close()
    installation.storage.close()


def test_pauses_survive_restarts_of_the_api_the_workers_and_postgres(tmp_path: Path) -> None:
    servers, folder = tmp_path / "servers", tmp_path / "programs"
    folder.mkdir()
    with running_server(servers) as server:
        installation, client = begin(server, folder)
        for target in ({"all": True}, {"type": TYPE}, {"queue": "slow"}):
            paused = client.post("/pause", json=target).json()["paused"]
        ids = installation.accept(new_event())
        installation.wait_until_all_are("waiting", ids)
        end(installation)

    with running_server(servers) as server:
        installation, client = begin(server, folder)
        assert client.get("/paused").json() == {"paused": paused}
        assert [each["scope"] for each in paused] == ["all", "queue", "type"]
        ids += installation.accept(new_event())
        installation.wait_until_all_are("waiting", ids)
        assert {installation.storage.run(event_id)["reason"] for event_id in ids} == {"paused"}

        client.post("/resume", json={"all": True})
        installation.wait_until_all_are("succeeded", ids)
        end(installation)
