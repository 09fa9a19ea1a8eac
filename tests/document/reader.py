"""What a reader of the document starts, types and sees."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx2 import Client, HTTPError

import headrace
from headrace.settings import child_environment
from tests.support.installation import Installation
from tests.support.processes import Program
from tests.support.storage import Storage
from tests.support.waiting import wait_until

#: The commands that start a worker.
HEADRACE = ("headrace.cli", "worker")
STOCK_THREADS = ("celery", "-A", "headrace.worker", "worker", "--pool=threads", "--concurrency=2")
STOCK_PREFORK = ("celery", "-A", "headrace.worker", "worker", "--pool=prefork", "--concurrency=2")


class Reader:
    """A person with the programs of `programs/` in his folder."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.storage: Storage = installation.storage
        self.folder: Path = installation.folder

    def start_worker(self, *command: str, **overrides: str) -> Program:
        """Start a worker, by default `headrace worker`; returns as soon as it may claim."""
        program = self._installation.start("-m", *(command or HEADRACE), **overrides)
        try:
            wait_until(lambda: self._installation.workers() > 0, "a worker holds a lease")
        except AssertionError as error:
            error.add_note(program.log.read_text())
            raise
        return program

    def start_api(self) -> Client:
        """`headrace api`, as soon as it answers."""
        return self._installation.start_api()[1]

    @contextmanager
    def website(self) -> Iterator[Client]:
        """His own application, `shop:website`, served by uvicorn; a client of it, as soon as it answers."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            fd, port = listening.fileno(), listening.getsockname()[1]
            self._installation.start("-m", "uvicorn", "shop:website", "--fd", str(fd), pass_fds=(fd,))
        with closing(Client(base_url=f"http://127.0.0.1:{port}", timeout=20.0)) as client:
            wait_until(lambda: _answers(client), "the website answers")
            yield client

    def run(self, program: str) -> Any:
        """What a program of his prints, as JSON, in his folder and with his settings."""
        return _run(program, self.folder, child_environment({}))

    def wait_until_is(self, state: str, *event_ids: UUID) -> None:
        """Wait for the state of events."""
        self._installation.wait_until_all_are(state, list(event_ids))

    def ledger(self) -> dict[str, int]:
        """The sums of the tallies, by state."""
        return dict(self.storage.rows("SELECT state, sum(delta)::int FROM headrace.tallies GROUP BY state"))

    def runs_of_the_node(self) -> int:
        """How often the node of `shop.orders` was run, by whomever."""
        totals = self.folder / "totals"
        return totals.stat().st_size if totals.exists() else 0


def run_alone(program: str, folder: Path, **environment: str) -> Any:
    """What a program prints, as JSON, in a process that has no other environment than this."""
    return _run(program, folder, {"PYTHONPATH": str(Path(headrace.__file__).parents[1]), **environment})


def _run(program: str, folder: Path, environment: Mapping[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _answers(client: Client) -> bool:
    try:
        return client.get("/docs").status_code == 200
    except HTTPError:
        return False
