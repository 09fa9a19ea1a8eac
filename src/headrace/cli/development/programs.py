"""The child processes of `headrace dev`: the API and the worker, started, looked after, replaced, ended."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

#: A program that was asked to end has this long; then it is killed.
END_SECONDS = 15.0

#: A program that ended by itself is started again after this long.
AGAIN_SECONDS = 2.0

#: Seconds between two looks at programs that end.
LOOK_SECONDS = 0.05

_log = structlog.get_logger("headrace.dev")


@dataclass(slots=True)
class Program:
    """One `headrace` command as a child. It ends with this process, because its standard input closes then."""

    name: str
    arguments: Sequence[str]
    descriptors: Sequence[int]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    start_again_at: float | None = None

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.start_again_at = None
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "headrace.cli", *self.arguments, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            env=dict(self.environment),
            pass_fds=self.descriptors,
            start_new_session=True,  # Ctrl-C is for this process, which ends its children in order
        )

    def revive(self) -> None:
        """Start it again some time after it ended by itself."""
        now = time.monotonic()
        if self.start_again_at is not None and now >= self.start_again_at:
            self.start()
        elif self.start_again_at is None and (code := self.process.poll()) is not None:
            _log.error(f"the {self.name} ended by itself; it is started again", exit_code=code)
            self.start_again_at = now + AGAIN_SECONDS


@dataclass(frozen=True, slots=True)
class _Ending:
    """A program that was asked to end, and when it is killed if it does not."""

    name: str
    process: subprocess.Popen[bytes]
    kill_at: float

    def is_over(self) -> bool:
        if self.process.poll() is None and time.monotonic() > self.kill_at:
            self.process.kill()
        return self.process.poll() is not None


class Programs:
    """The API on a listening socket, and a worker of `workers` processes."""

    def __init__(self, workers: int, descriptor: int) -> None:
        self._commands: list[tuple[str, Sequence[str], Sequence[int]]] = [
            ("api", ["api", "--fd", str(descriptor)], [descriptor]),
            ("worker", ["worker", "--processes", str(workers)], []),
        ]
        self._running: list[Program] = []
        self._ending: list[_Ending] = []

    def start(self, environment: Mapping[str, str]) -> None:
        """Start both, and let those that run end meanwhile."""
        self._end_soon()
        self._running = [Program(*command, environment) for command in self._commands]

    def look(self) -> None:
        """Start again what ended by itself, kill what does not end."""
        for program in self._running:
            program.revive()
        self._ending = [ending for ending in self._ending if not ending.is_over()]

    def replaced(self, name: str) -> bool:
        """Whether every former program of this name is gone."""
        return all(ending.name != name or ending.is_over() for ending in self._ending)

    async def end(self) -> None:
        """End both; returns when no process is left."""
        self._end_soon()
        while self._ending:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _end_soon(self) -> None:
        kill_at = time.monotonic() + END_SECONDS
        for program in self._running:
            if program.process.poll() is None:
                program.process.terminate()
            self._ending.append(_Ending(program.name, program.process, kill_at))
        self._running = []
