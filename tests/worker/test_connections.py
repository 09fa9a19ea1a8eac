"""How many connections each process opens to Postgres."""

from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.installation import Installation
from tests.support.steps import TYPE, new_event

pytestmark = pytest.mark.slow


def connections(installation: Installation, process: psutil.Process) -> int:
    """How many connections a process has to Postgres now."""
    port = urlsplit(installation.storage.services.database_url).port or 0
    established = (c for c in process.net_connections(kind="tcp") if c.status == psutil.CONN_ESTABLISHED)
    return [connection.raddr.port for connection in established].count(port)


def test_a_worker_process_opens_at_most_four(installation: Installation) -> None:
    supervisor = installation.start_worker("trials")
    [process] = supervisor.children()
    ids = installation.accept(*(new_event("slow", seconds=0.01 * number) for number in range(100)))

    most = 0
    while not installation.storage.all_are("succeeded", ids):
        most = max(most, connections(installation, process))

    assert 2 <= most <= 4
    assert connections(installation, psutil.Process(supervisor.pid)) <= 4


def test_an_api_process_opens_at_most_eight(installation: Installation) -> None:
    program, client = installation.start_api("tickets")
    process = psutil.Process(program.pid)
    batch = [{"type": TYPE}] * 100

    most = 0
    for _ in range(10):
        assert client.post("/events/batch", json=batch).status_code == 202
        assert client.get("/events").status_code == 200
        most = max(most, connections(installation, process))

    assert 2 <= most <= 8
