# ruff: noqa: T201 - what nodes print is part of it
"""A user's program whose nodes tell what they do, in every way."""

import asyncio
import logging
import sys
from pathlib import Path

import structlog

from headrace import EventSchema, Pipeline, TaskContext


class Told(EventSchema, type="told"):
    items: list[str]


class Failing(EventSchema, type="failing"):
    pass


told = Pipeline("told", Told)
failing = Pipeline("failing", Failing)


@told.node
async def count(event: Told, context: TaskContext) -> int:
    """Goes on as soon as there is a file `go`."""
    context.note("half of it", done=1, total=2)
    structlog.get_logger("mine").info("counting", done=1)
    while not Path("go").exists():  # noqa: ASYNC110, ASYNC240  # a sign from another process
        await asyncio.sleep(0.02)
    logging.getLogger("mine").warning("counted %s", "all")
    return 2


@told.node
def say(count: int) -> None:
    print("hello from", "a thread")
    print("to standard error", file=sys.stderr)


@told.map(over="event.items", limit=2)
async def each(item: str) -> None:
    logging.getLogger("mine").info("an item: %s", item)


@told.node(process=True, after=say)
def compute(count: int) -> int:
    print("hello from a process")
    return 2 * count


@failing.node(backoff=[0.05, 3600])
def fail(event: Failing) -> None:
    print("once more")
    raise ConnectionError("not today")
