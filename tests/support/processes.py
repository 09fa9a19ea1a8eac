"""Processes of the product, started as a user's shell would start them."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

#: The folder of the programs that tests start.
HERE = Path(__file__).parent


def processes_in(folder: Path) -> list[psutil.Process]:
    """The living processes that work in a folder, or were started by one that does."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


class Program:
    """A running `python -m MODULE …`. What it prints is in the file `log`."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        pass_fds: Sequence[int] = (),
        python: str | Path = sys.executable,
    ) -> None:
        self.log = folder / f"{command[1]}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [python, *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def children(self) -> list[psutil.Process]:
        """The living processes that it started."""
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.pid).children()
            return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return []

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def terminate(self) -> None:
        """Ask it to end in order."""
        self._process.terminate()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, and leave what it started alone."""
        self._process.kill()
        self._process.wait()

    def exit_code(self, timeout_seconds: float = 20.0) -> int:
        """Wait for its end."""
        return self._process.wait(timeout_seconds)

    def stop(self) -> None:
        """End it, and all that it started, in whatever state it is."""
        if self._process.poll() is None:
            self.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10.0)
        if self._process.poll() is None:
            for child in self.children():
                child.kill()
            self.kill()


def check_none_remains(folder: Path) -> None:
    """Fail if a process of this folder outlives the programs that were stopped, after ending it."""
    try:
        wait_until(lambda: not processes_in(folder), f"no process remains in {folder}", timeout_seconds=5.0)
    finally:
        for process in processes_in(folder):
            process.kill()
