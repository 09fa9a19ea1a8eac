"""The user's program of the campaign, second part: nodes that are bad in every way, and slow ones beside them."""

import asyncio
import os
import signal
import time
from typing import Literal

from headrace import EventSchema, Pipeline

#: In which way a node is bad.
Way = Literal["loops", "loops in a thread", "sleeps", "sleeps in a thread", "crashes", "allocates", "returns much"]

#: Bytes that are taken at a time, and bytes that are returned.
MUCH, TOO_MUCH = 2**24, 2**30

#: So much later it would be a wonder if anybody still waited.
FOR_EVER = 3600.0


class Neighbour(EventSchema, type="neighbour"):
    intent: str
    seconds: float


class Bad(EventSchema, type="bad"):
    intent: str
    way: Way


neighbours = Pipeline("neighbours", Neighbour)


@neighbours.node
async def rest(event: Neighbour) -> str:
    await asyncio.sleep(event.seconds)
    return event.intent


bad = Pipeline("bad", Bad)


@bad.router
def choose(event: Bad) -> Literal["on_the_loop", "in_a_thread", "in_memory"]:
    if event.way in ("allocates", "returns much"):
        return "in_memory"
    return "in_a_thread" if event.way.endswith("in a thread") else "on_the_loop"


@bad.node(after=choose, timeout_seconds=1.0, retries=0)
async def on_the_loop(event: Bad) -> None:
    if event.way == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    while event.way == "loops":
        pass
    await asyncio.sleep(FOR_EVER)


@bad.node(after=choose, timeout_seconds=1.0, retries=0)
def in_a_thread(event: Bad) -> None:
    while event.way == "loops in a thread":
        pass
    time.sleep(FOR_EVER)


@bad.node(after=choose, retries=0)
def in_memory(event: Bad) -> str:
    taken = []
    while event.way == "allocates":
        taken.append(b"x" * MUCH)
    return "x" * TOO_MUCH
