"""One worker process as its supervisor sees it: started, ticking, measured, stopped."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import psutil

from headrace.domain.ids import new_id
from headrace.flow.execute import Lane

_PROGRAM = [sys.executable, "-P", "-m", "headrace.worker.main"]


@dataclass(slots=True)
class Child:
    """A process that was started. `ticked` is when its loop last said that it turns (monotonic; 0 before).

    `launch` is what it announces itself with: other hosts may use its process id, and its host's name, too.
    """

    process: subprocess.Popen[bytes]
    measured: psutil.Process
    lane: Lane
    launch: UUID
    tick_descriptor: int
    started: float = field(default_factory=time.monotonic)
    ticked: float = 0.0
    retired_at: float | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def retired(self) -> bool:
        """Whether it was asked to end."""
        return self.retired_at is not None

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def memory_bytes(self) -> int:
        """Resident memory; 0 once the process is gone."""
        try:
            return int(self.measured.memory_info().rss)
        except psutil.Error:
            return 0

    def retire(self) -> None:
        """Ask it to end in order."""
        self.retired_at = time.monotonic()
        self.process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self.retired_at = self.retired_at or time.monotonic()
        self.process.kill()

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Release what the supervisor holds of it."""
        loop.remove_reader(self.tick_descriptor)
        os.close(self.tick_descriptor)
        if self.process.stdin is not None:
            self.process.stdin.close()


def start_child(lane: Lane, environment: Mapping[str, str], loop: asyncio.AbstractEventLoop) -> Child:
    """Start a worker process. It ends by itself when this process does, because its standard input closes."""
    receiving, sending = os.pipe()
    launch = new_id()
    process = subprocess.Popen(
        [*_PROGRAM, "--lane", lane.value, "--launch", str(launch), "--tick", str(sending)],
        stdin=subprocess.PIPE,
        pass_fds=[sending],
        env=dict(environment),
    )
    os.close(sending)
    os.set_blocking(receiving, False)
    # Not waited for yet, it is there, even if it ended at once.
    child = Child(process, psutil.Process(process.pid), lane, launch, receiving)
    loop.add_reader(receiving, _read_tick, child, loop)
    return child


def _read_tick(child: Child, loop: asyncio.AbstractEventLoop) -> None:
    if os.read(child.tick_descriptor, 4096):
        child.ticked = time.monotonic()
    else:
        loop.remove_reader(child.tick_descriptor)
