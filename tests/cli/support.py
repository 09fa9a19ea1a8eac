"""`headrace` commands as they are typed, and a `headrace dev` of a test's own."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from httpx2 import Client

from bench.ports import free_port
from headrace.settings import child_environment
from tests.support.processes import Program, processes_in
from tests.support.waiting import wait_until

#: A start has this long: it may make a database, beside other tests.
START_SECONDS = 60.0

#: What begins a traceback's frame.
FRAME = re.compile(r'^  File "(.+)", line \d+', re.MULTILINE)


def headrace(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "headrace.cli", *arguments]
    environment = child_environment(settings)
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=60)


def printed(*arguments: str, folder: Path, **settings: str) -> Any:
    """The JSON that a command prints; fails if it exits with another code than 0."""
    done = headrace(*arguments, "--json", folder=folder, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class DevelopmentRun:
    """A `headrace dev` in a folder: of the environment of these tests, or of the one in `elsewhere`."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        port: int | None = None,
        elsewhere: Path | None = None,
        **settings: str,
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        environment = child_environment(settings)
        command, python = ["-m", "headrace.cli"], Path(sys.executable)
        if elsewhere is not None:
            environment.pop("PYTHONPATH", None)
            command, python = [str(elsewhere / "bin" / "headrace")], elsewhere / "bin" / "python"
        command += ["dev", "--port", str(self.port), *options]
        self.program = Program(command, folder, environment, python=python)
        self._begin = self.program.log.stat().st_size
        self.client = Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20.0)

    def log(self) -> str:
        """What it said since its start, or since `forget`."""
        return self.program.log.read_bytes()[self._begin :].decode()

    def forget(self) -> None:
        """Look only at what is said from now on."""
        self._begin = self.program.log.stat().st_size

    def wait_until_says(self, text: str) -> None:
        wait_until(lambda: text in self.log() or self.program.has_ended(), f"it says {text!r}", START_SECONDS)
        assert text in self.log()

    def wait_until_ready(self) -> None:
        self.wait_until_says("Headrace is ready")

    def send(self, type_: str, **fields: object) -> str:
        """Post an event; returns its id."""
        answer = self.client.post("/events", json={"type": type_, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def event(self, event_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/events/{event_id}").json()
        return found

    def wait_until_is(self, event_id: str, state: str) -> dict[str, Any]:
        wait_until(lambda: self.event(event_id)["state"] == state, f"the event is {state}", START_SECONDS)
        return self.event(event_id)

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.program.signal(signal.SIGINT)
        return self.program.exit_code(START_SECONDS)

    def stop(self) -> None:
        """End it in whatever state it is."""
        self.client.close()
        self.program.stop()

    def wait_until_gone(self) -> None:
        wait_until(lambda: not processes_in(self.folder), "no process remains", START_SECONDS)


def frames(text: str) -> list[str]:
    """The files that a traceback names."""
    return FRAME.findall(text)
