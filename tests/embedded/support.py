"""What the tests of the embedded servers share."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

OWNER = Path(__file__).with_name("owner.py")


def wait_until(condition: Callable[[], bool], description: str, timeout_seconds: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {timeout_seconds} s: {description}"
        time.sleep(0.02)


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """The living processes that have a file of the data directory open: the keeper, the servers."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(Path(file.path).is_relative_to(data_dir) for file in process.open_files()):
                found.append(process)
    return found


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def keeper_of(services: dict[str, Any]) -> psutil.Process:
    keeper = psutil.Process(services["postgres_pid"]).parent()
    assert keeper is not None
    return keeper


def ask(url: str, statement: str) -> list[Any]:
    """The first column of the statement's rows; none if it returns no rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return [row[0] for row in cursor] if cursor.description else []


@contextmanager
def owner_process(
    data_dir: Path, *options: str, prefix: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A process that has started embedded servers, and what it says of them; killed at the end if need be."""
    command = [*prefix, sys.executable, str(OWNER), str(data_dir), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        children: list[int] = []
        try:
            services = json.loads(process.stdout.readline())
            children = services["children"]
            yield process, services
        finally:
            process.kill()
            for child in children:
                psutil.Process(child).send_signal(signal.SIGKILL)
            wait_until(lambda: not processes_of(data_dir), "the processes of the data directory are gone")
