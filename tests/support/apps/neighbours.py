"""A user's program with a slow pipeline, and with others that are no good neighbours."""

import asyncio
import os
import signal
import threading
import time
from typing import Literal

from headrace import EventSchema, Pipeline

#: In which way a node is bad.
Way = Literal["loops", "sleeps", "exits", "crashes"]


class Slow(EventSchema, type="slow"):
    seconds: float


class Bad(EventSchema, type="bad"):
    way: Way


class Late(EventSchema, type="late"):
    pass


class Deaf(EventSchema, type="deaf"):
    pass


class Sleepy(EventSchema, type="sleepy"):
    pass


class Busy(EventSchema, type="busy"):
    way: Way


slow = Pipeline("slow", Slow)
bad = Pipeline("bad", Bad)
late = Pipeline("late", Late)
deaf = Pipeline("deaf", Deaf)
sleepy = Pipeline("sleepy", Sleepy)
busy = Pipeline("busy", Busy)


@slow.node
async def wait(event: Slow) -> float:
    await asyncio.sleep(event.seconds)
    return event.seconds


def misbehave_now(way: Way) -> None:
    match way:
        case "loops":
            while True:
                pass
        case "sleeps":
            time.sleep(600)
        case "exits":
            os._exit(3)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)


@bad.node
async def misbehave(event: Bad) -> None:
    misbehave_now(event.way)


@late.node(timeout_seconds=0.5, retries=0)
async def never_wake(event: Late) -> None:
    await asyncio.sleep(600)


@deaf.node(timeout_seconds=0.5, retries=0)
async def never_listen(event: Deaf) -> None:
    """Ignores its cancellation."""
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            continue


@sleepy.node(timeout_seconds=0.5, retries=0)
def sleep(event: Sleepy) -> None:
    threading.Event().wait()


@busy.node(process=True, timeout_seconds=2, retries=0)
def compute(event: Busy) -> None:
    misbehave_now(event.way)
