"""The steps of an event's life, each a transaction of its own, as the stages take them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent, Run
from headrace.domain.ids import new_id
from headrace.domain.progress import Awaited, Checkpoint, Pause, Progress
from headrace.domain.selection import Selection
from headrace.domain.settle import Delayed, Finished, Settled
from headrace.domain.states import EventState, Reason
from headrace.store.choosing import FIRST, choose_finished, choose_replayable, choose_unfinished
from headrace.store.database import Connection, Database
from headrace.store.events import insert_events
from headrace.store.runs import claim_due
from headrace.store.settle import settle

_RECOUNT = """
SELECT 'accepted', count(*) FROM headrace.events
UNION ALL SELECT 'unfinished', count(*) FROM headrace.runs
UNION ALL SELECT state, count(*) FROM headrace.results GROUP BY state
"""

#: The type of events that name none.
TYPE = "ticket.opened"


def new_event(
    type_: str = TYPE,
    *,
    id: UUID | None = None,  # noqa: A002  # the field's own name
    queue: str | None = None,
    task: str | None = None,
    match_key: str | None = None,
    deliver_at: datetime | None = None,
    **data: object,
) -> NewEvent:
    """An event whose body is its type and `data`."""
    event = NewEvent(id=id or new_id(), type=type_, body=orjson.dumps({"type": type_, **data}))
    return replace(event, queue=queue or event.queue, task=task, match_key=match_key, deliver_at=deliver_at)


async def accept(database: Database, *events: NewEvent) -> list[UUID]:
    """Store events in one statement; returns their ids."""
    async with database.connection() as connection:
        await insert_events(connection, database, events)
    return [event.id for event in events]


async def accept_many(database: Database, count: int, type_: str = TYPE) -> list[UUID]:
    """Store events that become due one after the other."""
    return [(await accept(database, new_event(type_)))[0] for _ in range(count)]


async def claim(
    database: Database, owner: UUID, *, most: int = 1000, types: Sequence[str] = (TYPE,), queue: str = "default"
) -> list[Run]:
    """Claim what is due."""
    async with database.connection() as connection:
        return await claim_due(connection, database, owner, queue, types, most)


async def hold_unfinished(connection: Connection, database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Choose unfinished events of these as an operator does, before it cancels them or lets them try again."""
    if not ids:
        return []
    chosen, _ = await choose_unfinished(connection, database, Selection(ids=ids), FIRST, len(ids))
    return [event.event_id for event in chosen]


async def hold_replayable(connection: Connection, database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Choose finished events of these as an operator does, before it replays them."""
    if not ids:
        return []
    chosen, _ = await choose_replayable(connection, database, Selection(ids=ids), FIRST, len(ids))
    return [event.event_id for event in chosen]


async def hold_finished(connection: Connection, database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Choose finished events of these as an operator does, before it erases them."""
    if not ids:
        return []
    chosen, _ = await choose_finished(connection, database, Selection(ids=ids), FIRST, len(ids))
    return [event.event_id for event in chosen]


async def store(database: Database, *batch: Settled) -> set[UUID]:
    """Settle a batch; returns the ids that were still held."""
    async with database.connection() as connection, connection.transaction():
        held = await settle(connection, database, batch, utc_now(), "release-1")
    return {event_id for event_id, _, _ in held}


def succeeded(run: Run) -> Finished:
    """What a run without fault comes to."""
    return Finished(run, EventState.SUCCEEDED, b'{"nodes":{}}')


def output(node: str, value: str = "1", *, emitted: Sequence[NewEvent] = ()) -> Checkpoint:
    """The output of a node that finished, which is JSON."""
    return Checkpoint(node, "v1", value.encode(), b'{"attempts":1}', emitted=emitted)


def paused(node: str, reason: Reason = Reason.SLEEP, *, hours: float | None = 1) -> Pause:
    """A pause that ends by itself after a while, or never."""
    return Pause(node, reason, None if hours is None else utc_now() + timedelta(hours=hours))


def awaiting(node: str = "payment", key: str = "17", *, type_: str = "order.paid", hours: float | None = None) -> Pause:
    """A pause for an event of a type with a match key."""
    return replace(paused(node, Reason.WAIT, hours=hours), awaited=Awaited(type_, key))


def suspended(run: Run, *pauses: Pause, **progress: object) -> Delayed:
    """What a run comes to that cannot go on before one of these pauses ends."""
    ending = [(pause.due, pause.reason) for pause in pauses if pause.due is not None]
    due, reason = min(ending, default=(None, Reason.WAIT))
    return Delayed(run, due, reason, replace(Progress(pauses=pauses), **progress))  # type: ignore[arg-type]  # its fields


async def recount(connection: Connection, database: Database) -> Mapping[str, int]:
    """The figures of the ledger, counted from the rows themselves."""
    cursor = await connection.execute(database.sql(_RECOUNT))
    return {row[0]: row[1] for row in await cursor.fetchall()}
