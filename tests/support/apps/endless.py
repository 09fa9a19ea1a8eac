"""A user's program whose nodes never end by themselves, each in another place, and a patient neighbour."""

import asyncio
import os
import threading

import psycopg

from headrace import EventSchema, Pipeline, TaskContext
from headrace.settings import get_settings


class OnLoop(EventSchema, type="on-loop"):
    pass


class InThread(EventSchema, type="in-thread"):
    pass


class InProcess(EventSchema, type="in-process"):
    pass


class InMap(EventSchema, type="in-map"):
    pass


class Deaf(EventSchema, type="deaf"):
    pass


class Neighbour(EventSchema, type="neighbour"):
    seconds: float


def tell(event: str, node: str) -> None:
    """Note in a table of the user's own that a node was called, or has ended."""
    with psycopg.connect(get_settings().database_url) as connection:
        connection.execute("INSERT INTO side.calls (event, node, pid) VALUES (%s, %s, %s)", [event, node, os.getpid()])


def prepare(event: EventSchema) -> str:
    tell(event.type, "prepare")
    return "ready"


async def clean_up(event: EventSchema) -> None:
    tell(event.type, "clean_up")


on_loop = Pipeline("on-loop", OnLoop)
in_thread = Pipeline("in-thread", InThread)
in_process = Pipeline("in-process", InProcess)
in_map = Pipeline("in-map", InMap)
deaf = Pipeline("deaf", Deaf)
neighbours = Pipeline("neighbours", Neighbour)

for pipeline in (on_loop, in_thread, in_process, in_map, deaf):
    pipeline.node(prepare)
    pipeline.finally_(clean_up)


@on_loop.node
async def sleep(event: OnLoop, prepare: str) -> None:
    tell(event.type, "begun")
    await asyncio.sleep(600)


@in_thread.node
def watch(event: InThread, prepare: str, context: TaskContext) -> None:
    """Ends when it sees that nobody waits for it any more."""
    tell(event.type, "begun")
    while not context.cancelled:
        threading.Event().wait(0.05)
    tell(event.type, "ended")


@in_process.node(process=True)
def compute(event: InProcess, prepare: str) -> None:
    tell(event.type, "begun")
    while True:
        pass


@in_map.node
def numbers(prepare: str) -> list[int]:
    return [1, 2, 3]


@in_map.map(over=numbers)
async def sleep_long(event: InMap, item: int) -> int:
    if item == 3:
        tell(event.type, "begun")
        await asyncio.sleep(600)
    return item


@deaf.node
async def never_listen(event: Deaf, prepare: str) -> None:
    """Ignores its cancellation."""
    tell(event.type, "begun")
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            continue


@neighbours.node
async def wait(event: Neighbour) -> float:
    await asyncio.sleep(event.seconds)
    return event.seconds
