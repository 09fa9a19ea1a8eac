"""The demo's own processes: the API and the worker, as `headrace` commands."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace.demo.waiting import DemoFailed
from headrace.embedded import EmbeddedServices
from headrace.embedded.files import last_lines
from headrace.settings import child_environment

#: A program that was asked to end has this long.
END_SECONDS = 15.0

#: Worker processes under the supervisor.
WORKER_PROCESSES = 2

#: Events in flight in a worker process: what the kill hits at most, so that it does not take long to run again.
WORKER_CONCURRENCY = 50

_Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Programs:
    """The running API, and the worker, which is the supervisor of the worker processes."""

    api_url: str
    api: _Process
    worker: _Process
    logs: Path

    def check(self) -> None:
        """Raise DemoFailed, with the end of its log, if one of them has ended."""
        for name, process in (("api", self.api), ("worker", self.worker)):
            if process.poll() is not None:
                log = self.logs / f"{name}.log"
                raise DemoFailed(f"The {name} ended by itself. The end of its log, {log}:\n{last_lines(log)}")


@contextmanager
def running_programs(services: EmbeddedServices, data_dir: Path) -> Iterator[Programs]:
    """Start `headrace api` on a free port and `headrace worker`; both are gone at the end of the context.

    They end by themselves when this process does, in whatever way, because their standard input closes then.
    """
    environment, logs = _environment(services, data_dir), data_dir / "logs"
    # The port is taken before the API starts, so that nobody else can take it in between.
    listening = socket.create_server(("127.0.0.1", 0))
    descriptor, port = listening.fileno(), listening.getsockname()[1]
    with _program(["api", "--fd", str(descriptor)], environment, logs, [descriptor]) as api:
        listening.close()
        with _program(["worker", "--processes", str(WORKER_PROCESSES)], environment, logs) as worker:
            yield Programs(f"http://127.0.0.1:{port}", api, worker, logs)


@contextmanager
def _program(
    command: Sequence[str], environment: Mapping[str, str], logs: Path, descriptors: Sequence[int] = ()
) -> Iterator[_Process]:
    with (logs / f"{command[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "headrace.cli", *command, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=logs,  # where no `.env` and no `pyproject.toml` of the user's is found
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C is for this process, which ends its children in order
        )
    with process:  # which closes its standard input, and waits
        try:
            yield process
        finally:
            _end(process)


def _end(process: _Process) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _environment(services: EmbeddedServices, data_dir: Path) -> dict[str, str]:
    """The demo brings all its settings: those of the user's own program would change what it shows."""
    inherited = child_environment({}).items()
    settings = {
        "app": "headrace.demo.app",
        "database_url": services.database_url,
        "migrate_database_url": services.migrate_database_url,
        "redis_url": services.redis_url,
        "data_dir": data_dir,
        "worker_concurrency": WORKER_CONCURRENCY,
        "release": "demo",
    }
    return child_environment(settings, {name: value for name, value in inherited if not name.startswith("HEADRACE_")})
