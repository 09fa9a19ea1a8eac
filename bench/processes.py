"""Programs that are started and ended by their id, and what they cost."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from headrace.settings import child_environment

#: The checkout, where programs find `bench`.
ROOT = Path(__file__).parents[1]

#: A program that was told to end has so many seconds, then it is killed with all of its processes.
END_SECONDS = 20.0


def environment_for(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a measured program: this one without settings of Headrace, with the checkout on its path."""
    inherited = {name: value for name, value in child_environment({}).items() if not name.startswith("HEADRACE_")}
    path = os.pathsep.join([str(ROOT), *filter(None, [inherited.get("PYTHONPATH")])])
    return {**inherited, "PYTHONPATH": path, **(variables or {})}


class Program:
    """`python WORDS`, in a session of its own, from its start to its end. Output goes to `folder/name.log`."""

    def __init__(self, name: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_ends_with_us(), sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def must_run(self) -> None:
        """Raises RuntimeError, with the end of what it printed, if it ended by itself."""
        if not self.is_running:
            raise RuntimeError(f"{self.name} ended: {self.tail()}")

    def processes(self) -> list[psutil.Process]:
        """It and all that it started, as far as they live."""
        return with_children(self.pid) if self.is_running else []

    def stop(self) -> None:
        """End it in order, by force if that takes too long; returns when it is gone."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended by itself. Raises RuntimeError if it failed, TimeoutError if it does not end."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} still runs after {seconds:g} s.") from None
        if code != 0:
            raise RuntimeError(f"{self.name} ended with code {code}: {self.tail()}")

    def tail(self) -> str:
        """The end of what it printed, for the message of an error."""
        return self.log.read_text(errors="replace")[-2000:]


def _ends_with_us() -> Sequence[str]:
    """Words before a command by which the kernel ends it when this process dies, however (on Linux)."""
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig=TERM")


def stop_all(programs: Iterable[Program]) -> None:
    """End all of them, the one that was started last first."""
    for program in reversed(list(programs)):
        program.stop()


def with_children(pid: int) -> list[psutil.Process]:
    """A process and all below it, as far as they live."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """User and system time of all of them so far, and of their children that ended."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Resident memory of all of them; what they share is counted for each."""
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total
