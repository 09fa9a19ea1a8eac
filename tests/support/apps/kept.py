"""A user's program whose nodes tell a table of the user's own that they were called, and hang where they should."""

import asyncio
import os
import time
from functools import lru_cache

import psycopg

from headrace import EventSchema, Pipeline, TaskContext
from headrace.settings import get_settings


class Ordered(EventSchema, type="ordered"):
    """`hangs_at` names the node whose first call never ends."""

    name: str
    hangs_at: str = ""


class Noticed(EventSchema, type="noticed", pipeline=None):
    order: str


class Listed(EventSchema, type="listed"):
    name: str
    hangs_at: str = ""
    items: list[int]


class Light(EventSchema, type="light"):
    name: str
    hangs_at: str = ""


class Late(EventSchema, type="late"):
    name: str
    hangs_at: str = ""


@lru_cache
def connection() -> psycopg.Connection:
    return psycopg.connect(get_settings().database_url, autocommit=True)


def told(event: Ordered | Listed | Light | Late, node: str) -> int:
    """How often the node of this event was called, over all processes, this call included."""
    arguments = {"event": event.name, "node": node, "pid": os.getpid()}
    connection().execute("INSERT INTO side.calls (event, node, pid) VALUES (%(event)s, %(node)s, %(pid)s)", arguments)
    counted = "SELECT count(*) FROM side.calls WHERE event = %(event)s AND node = %(node)s"
    [(calls,)] = connection().execute(counted, arguments).fetchall()
    return int(calls)


def call(event: Ordered | Light | Late, node: str) -> str:
    if told(event, node) == 1 and event.hangs_at == node:
        time.sleep(600)
    return node


async def call_async(event: Ordered | Listed | Light | Late, node: str) -> str:
    if told(event, node) == 1 and event.hangs_at == node:
        await asyncio.sleep(600)
    return node


orders = Pipeline("orders", Ordered)


@orders.node(checkpoint=True)
async def reserve(event: Ordered) -> str:
    return await call_async(event, "reserve")


@orders.node
def charge(event: Ordered, reserve: str) -> list[str]:
    """Longer than what is worth to be stored."""
    time.sleep(0.06)
    return [reserve, call(event, "charge")]


@orders.node(checkpoint=True)
def notice(event: Ordered, charge: list[str], context: TaskContext) -> list[str]:
    context.emit(Noticed(type="noticed", order=event.name))
    return [*charge, call(event, "notice")]


@orders.node
async def pack(event: Ordered, notice: list[str]) -> list[str]:
    await asyncio.sleep(0.06)
    return [*notice, await call_async(event, "pack")]


@orders.node
def send(event: Ordered, pack: list[str]) -> list[str]:
    return [*pack, call(event, "send")]


lists = Pipeline("lists", Listed)


@lists.map(over="event.items", limit=3, checkpoint=True)
async def double(event: Listed, item: int) -> int:
    await call_async(event, f"double {item}")
    return 2 * item


@lists.node
async def add(event: Listed, double: list[int]) -> int:
    await call_async(event, "add")
    return sum(double)


light = Pipeline("light", Light)


@light.node
async def look(event: Light) -> str:
    return await call_async(event, "look")


@light.node
def weigh(event: Light, look: str) -> list[str]:
    return [look, call(event, "weigh")]


@light.node
def note(event: Light, weigh: list[str]) -> list[str]:
    return [*weigh, call(event, "note")]


@light.node
async def say(event: Light, note: list[str]) -> list[str]:
    return [*note, await call_async(event, "say")]


late = Pipeline("late", Late)


@late.node
async def ask(event: Late) -> str:
    return await call_async(event, "ask")


@late.node
def begin(event: Late, ask: str) -> list[str]:
    return [ask, call(event, "begin")]


@late.node(backoff=[2.0])
def fetch(event: Late, begin: list[str]) -> list[str]:
    """Fails the first time, and is to be tried again after longer than a process waits."""
    if told(event, "fetch") == 1:
        raise ConnectionError("not yet")
    return [*begin, "fetch"]
