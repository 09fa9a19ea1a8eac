"""The ticks of schedules: which of these are due, and what was fired of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from headrace.domain.ticks import Previous
from headrace.domain.values import value
from headrace.store.database import Connection, Database
from headrace.store.schedules import SELECT, Schedule, as_schedule

# The event of the last tick is unfinished while it has a run; what became of one that is gone, nobody knows.
_AND_PREVIOUS = """,
       s.tenant, r.is_running, f.finished_at, now()
FROM (
    SELECT * FROM headrace.schedules WHERE due <= now() ORDER BY due LIMIT %(most)s FOR UPDATE SKIP LOCKED
) AS s
LEFT JOIN LATERAL (
    SELECT true AS is_running FROM headrace.runs WHERE event_id = s.previous OFFSET 0
) AS r ON true
LEFT JOIN LATERAL (
    SELECT finished_at FROM headrace.results WHERE event_id = s.previous OFFSET 0
) AS f ON true
"""

_CHOOSE_DUE = SELECT + _AND_PREVIOUS

_ADD_TICKS = """
INSERT INTO headrace.ticks (schedule_id, tick, event_id)
SELECT * FROM unnest(%(schedules)s::uuid[], %(ticks)s::timestamptz[], %(events)s::uuid[])
ON CONFLICT DO NOTHING
RETURNING event_id
"""

_MOVE = """
UPDATE headrace.schedules s
SET tick = moved.tick, due = coalesce(moved.due, 'infinity'), previous = coalesce(moved.previous, s.previous)
FROM unnest(%(ids)s::uuid[], %(ticks)s::timestamptz[], %(dues)s::timestamptz[], %(previous)s::uuid[])
    AS moved (id, tick, due, previous)
WHERE s.id = moved.id
"""

_TRIM = """
DELETE FROM headrace.ticks t USING unnest(%(ids)s::uuid[]) AS fired (id)
WHERE t.schedule_id = fired.id AND t.tick < (
    SELECT tick FROM headrace.ticks WHERE schedule_id = fired.id ORDER BY tick DESC OFFSET %(kept)s LIMIT 1
)
"""

_LAST_TICKS = """
SELECT t.tick, t.event_id, coalesce(r.state, f.state)
FROM (
    SELECT * FROM headrace.ticks WHERE schedule_id = %(id)s ORDER BY tick DESC LIMIT %(most)s
) AS t
LEFT JOIN headrace.runs r ON r.event_id = t.event_id
LEFT JOIN headrace.results f ON f.event_id = t.event_id
ORDER BY t.tick DESC
"""

#: Ticks of a schedule that are kept.
KEPT_TICKS = 20


@value()
class DueSchedule:
    """A schedule that is to be looked at, at the moment `now`; it is held until the end of the transaction."""

    schedule: Schedule
    tenant: str
    previous: Previous | None
    now: datetime


@value()
class Moved:
    """What a schedule that was looked at comes to: its next tick, when to look again, the event of its last tick."""

    schedule_id: UUID
    tick: datetime | None
    due: datetime | None
    previous_id: UUID | None


@value()
class FiredTick:
    """A tick, its event, and the state of that (None: it is gone)."""

    tick: datetime
    event_id: UUID
    state: str | None


async def choose_due(connection: Connection, database: Database, most: int) -> list[DueSchedule]:
    """Schedules that are due and held by nobody, the longest due first."""
    cursor = await connection.execute(database.sql(_CHOOSE_DUE), {"most": most})
    found = []
    for *columns, tenant, is_running, finished_at, now in await cursor.fetchall():
        schedule = as_schedule(columns)
        known = schedule.previous_id is not None and (is_running or finished_at is not None)
        previous = Previous(schedule.previous_id, finished_at) if known and schedule.previous_id else None
        found.append(DueSchedule(schedule, tenant, previous, now))
    return found


async def add_ticks(
    connection: Connection, database: Database, fired: Sequence[tuple[UUID, datetime, UUID]]
) -> set[UUID]:
    """Note ticks: of which schedule, when, with which event; returns the events of those that were not noted before."""
    schedules, ticks, events = ([row[column] for row in fired] for column in range(3))
    arguments = {"schedules": schedules, "ticks": ticks, "events": events}
    cursor = await connection.execute(database.sql(_ADD_TICKS), arguments)
    return {event_id for (event_id,) in await cursor.fetchall()}


async def move_schedules(connection: Connection, database: Database, moved: Sequence[Moved]) -> None:
    """Note what the schedules that were looked at come to, and forget their oldest ticks."""
    ids = [each.schedule_id for each in moved]
    arguments = {
        "ids": ids,
        "ticks": [each.tick for each in moved],
        "dues": [each.due for each in moved],
        "previous": [each.previous_id for each in moved],
    }
    await connection.execute(database.sql(_MOVE), arguments)
    fired = [each.schedule_id for each in moved if each.previous_id is not None]
    if fired:
        await connection.execute(database.sql(_TRIM), {"ids": fired, "kept": KEPT_TICKS - 1})


async def last_ticks(connection: Connection, database: Database, schedule_id: UUID, most: int) -> list[FiredTick]:
    """The newest ticks of a schedule, the newest first."""
    cursor = await connection.execute(database.sql(_LAST_TICKS), {"id": schedule_id, "most": most})
    return [FiredTick(tick.astimezone(UTC), event_id, state) for tick, event_id, state in await cursor.fetchall()]
