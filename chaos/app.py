"""The user's program of the campaign: pipelines of several nodes, of every shape and either colour.

Each call of a node appends a line to a file of its process when it begins, and one when it ends. Files, because they
outlive everything that the campaign kills, the database included: what was written stays, whoever dies.
"""

import asyncio
import itertools
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal

import orjson

from chaos import bad_nodes, releases
from headrace import EventSchema, Pipeline, TaskContext
from headrace.engine.traces.call import current_call
from headrace.settings import get_settings

#: Retries of what always fails, in seconds: one within the process, one as a waiting run.
POISON_BACKOFF = [0.5, 2.0]

#: How long a reminder waits, as a run that nobody holds.
LATER_SECONDS = 1.5

_numbers = itertools.count(1)

_opening = threading.Lock()


class Order(EventSchema, type="order"):
    intent: str
    seconds: float = 0
    poison: bool = False
    parent: bool = False


class Parcel(EventSchema, type="parcel"):
    intent: str
    seconds: float = 0
    poison: bool = False
    items: list[int]


class Reminder(EventSchema, type="reminder"):
    intent: str
    poison: bool = False


class Receipt(EventSchema, type="receipt"):
    intent: str


@lru_cache
def _open(pid: int) -> int:
    path = get_settings().data_dir / "calls" / f"{pid}.jsonl"
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _file() -> int:
    with _opening:  # or many threads at once open it many times
        return _open(os.getpid())


def _write(**line: object) -> None:
    os.write(_file(), orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _attempt() -> int:
    """The number of this attempt, which a node need not know; a judge has to."""
    call = current_call()
    assert call is not None
    return call.traces._attempt.number  # noqa: SLF001


@contextmanager
def told(
    event: Order | Parcel | Reminder | Receipt, context: TaskContext, node: str, item: int | None = None
) -> Iterator[None]:
    """Write down that a node is called, and how that ends; what is stored at last tells of which attempt it is."""
    call = f"{os.getpid()}.{next(_numbers)}"
    attempt = context.metadata["attempt"] = _attempt()
    _write(
        call=call,
        key=context.idempotency_key,
        intent=event.intent,
        node=node,
        item=item,
        attempt=attempt,
        pid=os.getpid(),
        began=time.time(),
    )
    try:
        yield
    except BaseException as error:
        _write(call=call, ended=time.time(), raised=type(error).__name__)
        raise
    _write(call=call, ended=time.time(), raised=None)


def rest(seconds: float) -> None:
    """As `time.sleep`, which libfaketime has fail now and then, because it takes the moment of its end."""
    select.select([], [], [], seconds)


orders = Pipeline("orders", Order)


@orders.node(retries=0)
async def receive(event: Order, context: TaskContext) -> str:
    with told(event, context, "receive"):
        return event.intent


@orders.node(checkpoint=True)
def reserve(event: Order, receive: str, context: TaskContext) -> str:
    with told(event, context, "reserve"):
        return receive


@orders.node(backoff=POISON_BACKOFF)
async def charge(event: Order, reserve: str, context: TaskContext) -> str:
    with told(event, context, "charge"):
        if event.poison:
            raise ConnectionError("never")
        await asyncio.sleep(event.seconds / 2)
        return reserve


@orders.node
def pack(event: Order, charge: str, context: TaskContext) -> str:
    with told(event, context, "pack"):
        rest(event.seconds / 2)
        return charge


@orders.node
async def ship(event: Order, pack: str, context: TaskContext) -> str:
    with told(event, context, "ship"):
        if event.parent:
            context.emit(Receipt(intent=event.intent))
        return pack


receipts = Pipeline("receipts", Receipt)


@receipts.node(retries=0)
async def file(event: Receipt, context: TaskContext) -> str:
    with told(event, context, "file"):
        return event.intent


reminders = Pipeline("reminders", Reminder)


@reminders.node
async def note(event: Reminder, context: TaskContext) -> str:
    with told(event, context, "note"):
        return event.intent


later = reminders.sleep("later", seconds=LATER_SECONDS, after=note)


@reminders.node(after=later, backoff=POISON_BACKOFF)
async def remind(event: Reminder, note: str, context: TaskContext) -> str:
    with told(event, context, "remind"):
        if event.poison:
            raise ConnectionError("never")
        return note


parcels = Pipeline("parcels", Parcel)


@parcels.map(over="event.items", limit=2, checkpoint=True, backoff=POISON_BACKOFF)
async def weigh(event: Parcel, item: int, context: TaskContext) -> int:
    with told(event, context, "weigh", item):
        if event.poison:
            raise ConnectionError("never")
        await asyncio.sleep(event.seconds / (2 * len(event.items)))
        return item


@parcels.router(retries=0)
def way(event: Parcel, weigh: list[int], context: TaskContext) -> Literal["letter", "van"]:
    with told(event, context, "way"):
        return "letter" if len(weigh) == 1 else "van"


@parcels.node(after=way)
async def letter(event: Parcel, context: TaskContext) -> str:
    with told(event, context, "letter"):
        await asyncio.sleep(event.seconds / 2)
        return event.intent


@parcels.node(after=way)
def van(event: Parcel, context: TaskContext) -> str:
    with told(event, context, "van"):
        rest(event.seconds / 2)
        return event.intent


@parcels.join
async def send(event: Parcel, letter: str | None, van: str | None, context: TaskContext) -> str:
    with told(event, context, "send"):
        return letter or van or ""


#: By type, the node whose output of a succeeded event is its intent: what was computed on the way was computed right.
LAST_NODES = {
    "order": "ship",
    "parcel": "send",
    "reminder": "remind",
    "receipt": "file",
    "neighbour": bad_nodes.rest.__name__,
    "delivery": releases.deliver.__name__,
}
