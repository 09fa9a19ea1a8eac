"""A user's program that tries its worker: slow nodes, one that blocks the loop, one that ends the process."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from headrace import EventSchema, Pipeline


class Slow(EventSchema, type="slow"):
    seconds: float


class Blocking(EventSchema, type="blocking"):
    pass


class Deadly(EventSchema, type="deadly"):
    deaths: int


slow = Pipeline("slow", Slow)
blocking = Pipeline("blocking", Blocking)
deadly = Pipeline("deadly", Deadly)


@slow.node
async def wait(event: Slow) -> int:
    await asyncio.sleep(event.seconds)
    return os.getpid()


@blocking.node
async def block(event: Blocking) -> int:
    """Holds up the loop, the first time."""
    if note("blocked") == 1:
        time.sleep(600)  # noqa: ASYNC251  # that is the mistake
    return os.getpid()


@deadly.node
def die(event: Deadly) -> list[str]:
    """Ends its process some times."""
    if note("died") <= event.deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return sys.argv


def note(name: str) -> int:
    """Count how often this was called, over all processes."""
    with Path(name).open("ab") as file:
        file.write(b".")
        return file.tell()
