"""Runs that are replayed, and nodes that tell of their calls."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from headrace.engine import EventSchema, Pipeline, PipelineRegistry, TaskContext
from headrace.errors import Permanent
from headrace.store.database import Database
from headrace.store.replaying import Replayed, replay
from tests.support.stages import Worker
from tests.support.steps import TYPE
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: The nodes that `declare_tickets` declares, and the calls of a run without fault.
ALL = {"first": 1, "double[0]": 1, "double[1]": 1, "double[2]": 1, "add": 1, "aside": 1, "close": 1}


class TicketOpened(EventSchema, type=TYPE):
    number: int = 0


class TicketPaid(EventSchema, type="ticket.paid", match="number"):
    number: int


class Noticed(EventSchema, type="noticed"):
    pass


@dataclass
class Nodes:
    """Called nodes with the keys that they were called with, since the last look; `failing` raise."""

    called: Counter[str] = field(default_factory=Counter)
    keys: dict[str, str] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    def call(self, name: str, context: TaskContext) -> None:
        self.called[name] += 1
        self.keys[name] = context.idempotency_key
        if name in self.failing:
            raise Permanent(f"{name} fails")

    def take_called(self) -> dict[str, int]:
        called, self.called = self.called, Counter()
        return dict(called)


def declare_tickets(nodes: Nodes) -> None:
    """`first` emits, `double` is a map over it, `add` emits; `aside` waits for `first` alone, `close` always runs."""
    pipeline = Pipeline("tickets", TicketOpened)

    @pipeline.node
    async def first(event: TicketOpened, context: TaskContext) -> list[int]:
        nodes.call("first", context)
        context.emit(Noticed(type="noticed"))
        return [1, 2, 3]

    @pipeline.map(over=first, limit=1)
    async def double(item: int, context: TaskContext) -> int:
        nodes.call(f"double[{item - 1}]", context)
        return 2 * item

    @pipeline.node
    async def add(double: list[int], context: TaskContext) -> int:
        nodes.call("add", context)
        context.emit(Noticed(type="noticed"))
        return sum(double)

    @pipeline.node(after="first")
    async def aside(event: TicketOpened, context: TaskContext) -> str:
        nodes.call("aside", context)
        return "aside"

    @pipeline.finally_
    async def close(context: TaskContext) -> None:
        nodes.call("close", context)


async def replay_one(
    database: Database, event_id: UUID, *, goes_on: bool = False, redo: Collection[str] | None = None
) -> Replayed:
    async with database.connection() as connection, connection.transaction():
        names = None if redo is None else frozenset(redo)
        [replayed] = await replay(connection, database, [event_id], goes_on=goes_on, redo=names)
    return replayed


async def replay_from(database: Database, event_id: UUID, node: str) -> Replayed:
    return await replay_one(database, event_id, redo=PipelineRegistry.after(TYPE, node))


async def reach(storage: Storage, worker: Worker, state: str, *ids: UUID) -> None:
    worker.executor.hint()
    await eventually(lambda: storage.all_are(state, ids), f"all events are {state}")


def outputs(storage: Storage, event_id: UUID) -> Mapping[str, Any]:
    found: Mapping[str, Any] = storage.result(event_id)["task_context"]["nodes"]
    return found


def emitted(storage: Storage, parent: UUID) -> set[UUID]:
    return {event_id for (event_id,) in storage.rows("SELECT id FROM headrace.events WHERE parent_id = %s", parent)}


def past(storage: Storage, event_id: UUID) -> list[tuple[int, int, str]]:
    """Run number, epoch and state of the earlier results."""
    statement = "SELECT run_number, epoch, state FROM headrace.past_results WHERE event_id = %s ORDER BY run_number"
    return [(number, epoch, state) for number, epoch, state in storage.rows(statement, event_id)]
