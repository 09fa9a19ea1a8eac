"""A program of the product, run as an init system would: what dies while it is wanted is started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from chaos.proxy import Proxy

#: A program that ended by itself is started again after so many seconds; one that was killed, at once.
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Proxies:
    """The ways by which one program reaches the servers: its own, so that a fault can be its alone."""

    postgres: Proxy
    redis: Proxy
    search: Proxy | None = None

    def open(self) -> None:
        """Let everything pass."""
        for proxy in filter(None, (self.postgres, self.redis, self.search)):
            proxy.be_honest()
            proxy.delay_seconds = 0.0
            proxy.admit()
            proxy.release()


class Program:
    """`headrace COMMAND` and all processes that it starts, in a process group of their own."""

    def __init__(
        self, name: str, words: Sequence[str], environment: Mapping[str, str], folder: Path, proxies: Proxies
    ) -> None:
        self.name = name
        self.words = words
        #: The variables that it is started with; a fault may change them for the next start.
        self.environment = dict(environment)
        self.proxies = proxies
        self.log = folder / f"{name}.log"
        #: Whether it is started again when it ends.
        self.wanted = False
        #: How often it was started.
        self.starts = 0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._ended_at = 0.0

    @property
    def pid(self) -> int:
        """The process that was started last."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and start it again whenever it ends, until `stop`."""
        self.wanted = True
        self._start()

    def keep(self) -> None:
        """Start it again if it ended; to be called often."""
        if not self.wanted or self._process is None or self._process.poll() is None:
            return
        if self._ended_at == 0.0:
            self._ended_at = time.monotonic()
        pause = 0.0 if self._process.returncode < 0 else PAUSE_SECONDS
        if time.monotonic() >= self._ended_at + pause:
            self._start()

    def processes(self) -> list[psutil.Process]:
        """Its living processes, the one that was started first."""
        if not self.is_running:
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.pid)
            return [first, *(child for child in first.children(recursive=True) if _lives(child))]
        return []

    def kill(self) -> None:
        """SIGKILL to all of its processes at once."""
        self.signal_all(signal.SIGKILL)

    def signal_all(self, number: int) -> None:
        """A signal to all of its processes at once."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM to the process that was started, as an init system sends it."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Have it end in order, and stay so; does not wait."""
        self.wanted = False
        self.signal_all(signal.SIGCONT)
        self.terminate()

    def wait(self, seconds: float) -> int:
        """Its exit code; it is killed if it does not end in time."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def _start(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._ended_at = 0.0
        self.starts += 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headrace.cli", *self.words, "--until-stdin-closes"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self._folder,  # where no `.env` and no `pyproject.toml` is found
                start_new_session=True,
            )


class Api(Program):
    """`headrace api`, with the load client's own books on it: POSTs under way, and the start that answered last."""

    def __init__(self, name: str, port: int, environment: Mapping[str, str], folder: Path, proxies: Proxies) -> None:
        super().__init__(name, ["api", "--port", str(port)], environment, folder, proxies)
        self.url = f"http://127.0.0.1:{port}"
        self.posts_in_flight = 0
        self.answered_start = 0

    @property
    def holds_work(self) -> bool:
        """Whether it runs, has answered since it was started, and has a POST under way."""
        return self.is_running and self.answered_start == self.starts and self.posts_in_flight > 0


class Worker(Program):
    """`headrace worker`: a supervisor with the relay, and its worker processes."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path, proxies: Proxies) -> None:
        super().__init__(name, ["worker", "--processes", "1"], environment, folder, proxies)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
