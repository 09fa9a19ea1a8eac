"""One worker process as its supervisor sees it: started, ticking, measured, stopped."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from headrace.flow.execute import Lane


@dataclass(slots=True)
class Child:
    """A process that was started. `ticked` is when its loop last said that it turns, on the monotonic clock."""

    process: subprocess.Popen[bytes]
    lane: Lane
    tick_descriptor: int
    started: float = field(default_factory=time.monotonic)
    ticked: float = field(default_factory=time.monotonic)
    retired: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def memory_bytes(self) -> int:
        """Resident memory; 0 once the process is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def retire(self) -> None:
        """Ask it to end in order."""
        self.retired = True
        self.process.terminate()

    def kill(self) -> None:
        self.retired = True
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
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "headrace.worker.main", "--lane", lane.value, "--tick", str(sending)],
        stdin=subprocess.PIPE,
        pass_fds=[sending],
        env=dict(environment),
    )
    os.close(sending)
    os.set_blocking(receiving, False)
    child = Child(process, lane, receiving)
    loop.add_reader(receiving, _read_tick, child, loop)
    return child


def _read_tick(child: Child, loop: asyncio.AbstractEventLoop) -> None:
    if os.read(child.tick_descriptor, 4096):
        child.ticked = time.monotonic()
    else:
        loop.remove_reader(child.tick_descriptor)
