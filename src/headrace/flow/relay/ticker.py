"""Firing what recurs: the events of due ticks are stored in the transaction that moves their schedules on.

Who holds a schedule fires it; another leader skips it. A crash before the commit leaves all as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from headrace.domain.event import NewEvent
from headrace.domain.ids import new_id
from headrace.domain.selection import Selection
from headrace.domain.ticks import Firing, delivered_at, fire
from headrace.store.cancelling import cancel
from headrace.store.choosing import FIRST, choose_unfinished
from headrace.store.database import Connection, Database, limit_act
from headrace.store.events import insert_events
from headrace.store.ticks import DueSchedule, Moved, add_ticks, choose_due, move_schedules

#: Schedules that are fired in one transaction, and such transactions in a pass, at most.
TOGETHER, MOST_TRANSACTIONS = 500, 4

#: Seconds that a transaction waits for what somebody else holds: the leader has more to do.
PATIENCE_SECONDS = 0.5

#: How soon a schedule that cannot be fired, because its time zone is not known here, say, is looked at again.
TROUBLE = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Batch:
    """What is written of the schedules that were looked at together."""

    events: list[NewEvent] = field(default_factory=list)
    ticks: list[tuple[UUID, datetime, UUID]] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    cancelled: list[UUID] = field(default_factory=list)


async def fire_due(connection: Connection, database: Database, release: str) -> list[NewEvent]:
    """Fire the ticks of schedules that are due, and return the events that may be claimed at once."""
    stored: list[NewEvent] = []
    for _ in range(MOST_TRANSACTIONS):
        async with connection.transaction():
            await limit_act(connection, PATIENCE_SECONDS)
            due = await choose_due(connection, database, TOGETHER)
            if due:
                stored += await _store(connection, database, _look_at(due, release))
        if len(due) < TOGETHER:
            break
    return stored


def _look_at(due: Sequence[DueSchedule], release: str) -> _Batch:
    batch = _Batch()
    for each in due:
        schedule = each.schedule
        try:
            timing = schedule.timing
            firing = fire(timing.recurrence, timing.policies, schedule.anchor, schedule.tick, each.previous, each.now)
        except Exception as error:  # noqa: BLE001  # one schedule must not hold up all others
            _log.warning("a schedule cannot be fired", schedule=schedule.name, error=f"{type(error).__name__}: {error}")
            batch.moved.append(Moved(schedule.id, schedule.tick, each.now + TROUBLE, None))
            continue
        _add(batch, each, firing, release)
    return batch


def _add(batch: _Batch, due: DueSchedule, firing: Firing, release: str) -> None:
    schedule = due.schedule
    last = None
    for tick in firing.fired:
        deliver_at = delivered_at(schedule.id, tick, schedule.timing.policies.jitter_seconds)
        event = replace(
            schedule.new_event(new_id(due.now), tick),
            tenant=due.tenant,
            release=release or None,
            deliver_at=deliver_at if deliver_at > due.now else None,
        )
        batch.events.append(event)
        batch.ticks.append((schedule.id, tick, event.id))
        last = event.id
    if firing.cancels and due.previous is not None:
        batch.cancelled.append(due.previous.event_id)
    batch.moved.append(Moved(schedule.id, firing.tick, firing.due, last))


async def _store(connection: Connection, database: Database, batch: _Batch) -> list[NewEvent]:
    if batch.cancelled:
        selection = Selection(ids=batch.cancelled)
        chosen, _ = await choose_unfinished(connection, database, selection, FIRST, len(batch.cancelled))
        ids = [event.event_id for event in chosen]
        await cancel(connection, database, ids, "schedule")
    new: set[UUID] = set()
    if batch.ticks:
        new = await add_ticks(connection, database, batch.ticks)
    events = [event for event in batch.events if event.id in new]
    if events:
        await insert_events(connection, database, events)
    await move_schedules(connection, database, batch.moved)
    return [event for event in events if event.deliver_at is None]
