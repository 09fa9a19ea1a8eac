"""An installation of its own, for tests of whole processes: storage, a Redis database, a folder."""

import asyncio
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from httpx2 import Client, HTTPError

from headrace.domain.event import NewEvent
from headrace.settings import child_environment
from tests.support import steps
from tests.support.processes import Program, check_none_remains
from tests.support.storage import Storage
from tests.support.waiting import wait_until

#: Users' programs, one a file.
APPS = Path(__file__).parent / "apps"

#: Short times, so that tests wait for little.
QUICK = {
    "lease_seconds": "3",
    "renew_seconds": "0.5",
    "poll_seconds": "0.3",
    "grace_seconds": "60",
    "worker_processes": "1",
    "log_level": "debug",
    "log_format": "json",
}

#: A process that does not answer after so long will never do: many may start at once on a small machine.
START_SECONDS = 60.0


class Installation:
    """Starts programs in `folder`, and ends them all with `close`."""

    def __init__(self, storage: Storage, redis_url: str, folder: Path) -> None:
        self.storage = storage
        self.redis_url = redis_url
        self.folder = folder
        #: Where programs started from now on find Headrace, if not where these tests do.
        self.packages: Path | None = None
        #: More variables of programs started from now on.
        self.variables: dict[str, str] = {}
        self._programs: list[Program] = []
        self._clients: list[Client] = []

    def settings(self) -> dict[str, str]:
        """How a program finds the services."""
        return {
            "database_url": self.storage.services.database_url,
            "database_schema": self.storage.schema,
            "redis_url": self.redis_url,
        }

    def start(
        self, *command: str, app: str | None = None, pass_fds: Iterable[int | str] = (), **overrides: str
    ) -> Program:
        """Run `python COMMAND` with the program `app` of `tests/support/apps`, and with some settings."""
        if app is not None:
            shutil.copy(APPS / f"{app}.py", self.folder / "app.py")
            overrides["app"] = "app"
        given = {**QUICK, **self.settings(), **overrides}
        environment = child_environment(given)
        if self.packages is not None:
            environment["PYTHONPATH"] = str(self.packages)
        environment |= self.variables
        program = Program(command, self.folder, environment, [int(fd) for fd in pass_fds])
        self._programs.append(program)
        return program

    def start_worker(self, app: str, **overrides: str) -> Program:
        """`headrace worker`, as soon as its first process may claim."""
        program = self.start("-m", "headrace.cli", "worker", app=app, **overrides)
        try:
            self.wait_for_workers(1)
        except AssertionError as error:
            error.add_note(program.log.read_text())
            raise
        return program

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many processes hold a lease and execute."""
        wait_until(lambda: self.workers() == count, f"{count} processes hold a lease", START_SECONDS)

    def workers(self) -> int:
        """How many processes hold a lease and execute."""
        statement = "SELECT count(*) FROM headrace.workers WHERE expires > now() AND queues <> '{}'"
        return int(self.storage.value(statement))

    def start_api(self, app: str | None = None, **overrides: str) -> tuple[Program, Client]:
        """`headrace api`, as soon as it answers, and a client of it."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            fd, port = listening.fileno(), listening.getsockname()[1]
            program = self.start("-m", "headrace.cli", "api", "--fd", str(fd), app=app, pass_fds=(fd,), **overrides)
        client = Client(base_url=f"http://127.0.0.1:{port}", timeout=20.0)
        self._clients.append(client)
        wait_until(lambda: _is_alive(client), "the API answers", START_SECONDS)
        return program, client

    def accept(self, *events: NewEvent) -> list[UUID]:
        """Store events without telling anybody; returns their ids."""

        async def store() -> list[UUID]:
            database = self.storage.open()
            await database.open()
            try:
                return await steps.accept(database, *events)
            finally:
                await database.close()

        return asyncio.run(store())

    def wait_until_all_are(self, state: str, ids: list[UUID], timeout_seconds: float = 20.0) -> None:
        wait_until(lambda: self.storage.all_are(state, ids), f"all events are {state}", timeout_seconds)

    def close(self) -> None:
        """End every program; fail if a process remains."""
        for client in self._clients:
            client.close()
        for program in self._programs:
            program.stop()
        check_none_remains(self.folder)


def _is_alive(client: Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except HTTPError:
        return False
