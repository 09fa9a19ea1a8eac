"""What recurs. A schedule that nobody may look at is due at infinity."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from headrace.domain.event import TASK_TYPE, NewEvent
from headrace.domain.ids import derived_id, new_id
from headrace.domain.ticks import first_tick
from headrace.domain.timing import Timing
from headrace.domain.values import value
from headrace.store.body import pack, unpack
from headrace.store.database import Connection, Database

#: The columns of a schedule, for `as_schedule`.
SELECT = """
SELECT s.id, s.name, s.settings::text, s.type, s.queue, s.match_key, s.body, s.anchor, s.tick, s.paused, s.previous,
       s.app, s.vanished
"""

_INSERT = """
INSERT INTO headrace.schedules
    (id, tenant, name, settings, type, queue, match_key, body, anchor, tick, paused, app, vanished, due)
VALUES (%(id)s, %(tenant)s, %(name)s, %(settings)s::json, %(type)s, %(queue)s, %(match_key)s, %(body)s, %(anchor)s,
        %(tick)s, %(paused)s, %(app)s, %(vanished)s, coalesce(%(due)s::timestamptz, 'infinity'))
ON CONFLICT DO NOTHING
"""

_CHANGE = """
UPDATE headrace.schedules
SET settings = %(settings)s::json, type = %(type)s, queue = %(queue)s, match_key = %(match_key)s, body = %(body)s,
    anchor = %(anchor)s, tick = %(tick)s, paused = %(paused)s, vanished = %(vanished)s,
    due = coalesce(%(due)s::timestamptz, 'infinity')
WHERE id = %(id)s
"""

_GET = SELECT + "FROM headrace.schedules s WHERE tenant = %(tenant)s AND name = %(name)s"

_HOLD = _GET + " FOR UPDATE"

_LIST = (
    SELECT
    + """
FROM headrace.schedules s WHERE tenant = %(tenant)s AND name > %(after)s ORDER BY name LIMIT %(most)s
"""
)

_HOLD_DECLARED = (
    SELECT
    + """
FROM headrace.schedules s WHERE tenant = %(tenant)s AND app = %(app)s ORDER BY name FOR UPDATE
"""
)

_DELETE = """
WITH gone AS (
    DELETE FROM headrace.schedules WHERE id = %(id)s RETURNING id
)
DELETE FROM headrace.ticks t USING gone WHERE t.schedule_id = gone.id
"""


class Recurring(Protocol):
    """What recurs: a type, a queue, and the bytes of an event."""

    @property
    def type(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def match_key(self) -> str | None: ...
    @property
    def body(self) -> bytes: ...


@value()
class Schedule:
    """What recurs. `tick` is the next one (None: none, or not known yet), `paused_at` since when none is fired.

    `body` has the bytes of its event; intervals count from the `anchor`; `previous_id` is the event of the last tick.
    `app` is the user's program that declares it (None: it was created by an operator), and `vanished_at` since when
    that does not any more.
    """

    id: UUID
    name: str
    timing: Timing
    type: str
    queue: str
    match_key: str | None
    body: bytes
    anchor: datetime
    tick: datetime | None
    paused_at: datetime | None
    previous_id: UUID | None
    app: str | None = None
    vanished_at: datetime | None = None

    @property
    def is_off(self) -> bool:
        """Whether no tick of it is fired, however late it is."""
        return self.paused_at is not None or self.vanished_at is not None

    @property
    def due(self) -> datetime | None:
        """When a relay is to look at it, None for never. A tick that follows from a finish may be known by now."""
        if self.is_off:
            return None
        return self.anchor if self.tick is None and self.timing.follows_finish else self.tick

    def with_timing(self, timing: Timing, now: datetime) -> "Schedule":
        """The schedule with another timing. A new recurrence begins now; else ticks go on from where they are."""
        before, changed = self.timing, replace(self, timing=timing)
        if (timing.recurrence, timing.starts_at) != (before.recurrence, before.starts_at):
            return replace(changed, anchor=timing.starts_at or now).from_now(now)
        return changed if changed.due is not None else changed.from_now(now)

    def with_event(self, event: "Recurring") -> "Schedule":
        """The schedule with another event."""
        return replace(self, type=event.type, queue=event.queue, match_key=event.match_key, body=event.body)

    def from_now(self, now: datetime) -> "Schedule":
        """The schedule with the first tick behind this moment as its next one."""
        timing = self.timing
        tick = None if self.is_off else first_tick(timing.recurrence, timing.policies, now, self.anchor)
        return replace(self, tick=tick)

    def new_event(self, event_id: UUID, tick: datetime | None = None) -> NewEvent:
        """The event that it stores, with an id of its own. One that calls a task has the tick's id for that."""
        body = self.body
        if self.type == TASK_TYPE and tick is not None:
            body = orjson.dumps({**orjson.loads(body), "id": str(derived_id(self.id, tick.isoformat()))})
        return NewEvent(
            id=event_id,
            type=self.type,
            body=body,
            queue=self.queue,
            source=f"schedule:{self.name}",
            match_key=self.match_key,
        )


def begin(name: str, timing: Timing, event: Recurring, now: datetime, app: str | None = None) -> Schedule:
    """A schedule that begins now."""
    return Schedule(
        id=new_id(),
        name=name,
        timing=timing,
        type=event.type,
        queue=event.queue,
        match_key=event.match_key,
        body=event.body,
        anchor=timing.starts_at or now,
        tick=None,
        paused_at=None,
        previous_id=None,
        app=app,
    ).from_now(now)


async def insert_schedule(connection: Connection, database: Database, tenant: str, schedule: Schedule) -> bool:
    """Store a new schedule; returns whether its name was free."""
    arguments = {**_arguments(schedule), "tenant": tenant, "name": schedule.name}
    return (await connection.execute(database.sql(_INSERT), arguments)).rowcount == 1


async def change_schedule(connection: Connection, database: Database, schedule: Schedule) -> None:
    """Replace all of a schedule but its name."""
    await connection.execute(database.sql(_CHANGE), _arguments(schedule))


async def read_schedule(connection: Connection, database: Database, tenant: str, name: str) -> Schedule | None:
    """The schedule of a name."""
    cursor = await connection.execute(database.sql(_GET), {"tenant": tenant, "name": name})
    row = await cursor.fetchone()
    return None if row is None else as_schedule(row)


async def hold_schedule(connection: Connection, database: Database, tenant: str, name: str) -> Schedule | None:
    """The schedule of a name, held until the end of the transaction."""
    cursor = await connection.execute(database.sql(_HOLD), {"tenant": tenant, "name": name})
    row = await cursor.fetchone()
    return None if row is None else as_schedule(row)


async def list_schedules(
    connection: Connection, database: Database, tenant: str, after: str, most: int
) -> list[Schedule]:
    """The next schedules behind a name, in the order of their names."""
    cursor = await connection.execute(database.sql(_LIST), {"tenant": tenant, "after": after, "most": most})
    return [as_schedule(row) for row in await cursor.fetchall()]


async def hold_declared(connection: Connection, database: Database, tenant: str, app: str) -> list[Schedule]:
    """The schedules that a user's program declares or declared, held until the end of the transaction."""
    cursor = await connection.execute(database.sql(_HOLD_DECLARED), {"tenant": tenant, "app": app})
    return [as_schedule(row) for row in await cursor.fetchall()]


async def delete_schedule(connection: Connection, database: Database, schedule_id: UUID) -> None:
    """Forget a schedule and its ticks; their events stay."""
    await connection.execute(database.sql(_DELETE), {"id": schedule_id})


def _arguments(schedule: Schedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "settings": schedule.timing.model_dump_json(by_alias=True, exclude_defaults=True),
        "type": schedule.type,
        "queue": schedule.queue,
        "match_key": schedule.match_key,
        "body": pack(schedule.body),
        "anchor": schedule.anchor,
        "tick": schedule.tick,
        "paused": schedule.paused_at,
        "app": schedule.app,
        "vanished": schedule.vanished_at,
        "due": schedule.due,
    }


def as_schedule(row: Sequence[Any]) -> Schedule:
    """The schedule of a row, its columns in the order of `SELECT`; moments in UTC, whatever zone the server is in."""
    columns: list[Any] = [each.astimezone(UTC) if isinstance(each, datetime) else each for each in row]
    schedule_id, name, settings, type_, queue, match_key, body, *rest = columns
    timing = Timing.model_validate(orjson.loads(settings))
    return Schedule(schedule_id, name, timing, type_, queue, match_key, unpack(body), *rest)
