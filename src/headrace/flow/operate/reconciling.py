"""The schedules that a user's program declares, made those that are stored: asked for when it starts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from headrace.domain.event import DEFAULT_TENANT
from headrace.engine.scheduling import DeclaredSchedule
from headrace.flow.operate.transactions import acting
from headrace.store.audit import write_audit
from headrace.store.database import Connection, Database
from headrace.store.schedules import Schedule, begin, change_schedule, hold_declared, insert_schedule
from headrace.store.server import read_clock

#: How the audit calls the start of a program.
START_ACTOR = "start"


async def reconcile(database: Database, app: str, declared: Sequence[DeclaredSchedule]) -> list[str]:
    """Create what `app` declares anew, change what it declares otherwise, switch off what it declares no more.

    Returns the names that are taken by schedules which it did not declare: those are left as they are. Raises
    Unavailable where the database is away, and Conflict while somebody else holds what it needs.
    """
    async with acting(database) as connection:
        now = await read_clock(connection)
        stored = {each.name: each for each in await hold_declared(connection, database, DEFAULT_TENANT, app)}
        taken = []
        for each in sorted(declared, key=lambda each: each.name):
            before = stored.pop(each.name, None)
            if before is not None:
                await _change(connection, database, before, _as_declared(before, each, now))
            elif not await _create(connection, database, begin(each.name, each.timing, each, now, app)):
                taken.append(each.name)
        for gone in stored.values():
            await _change(connection, database, gone, replace(gone, tick=None, vanished_at=gone.vanished_at or now))
        return taken


def _as_declared(before: Schedule, declared: DeclaredSchedule, now: datetime) -> Schedule:
    again = replace(before.with_event(declared), vanished_at=None).with_timing(declared.timing, now)
    return again if before.vanished_at is None else again.from_now(now)


async def _create(connection: Connection, database: Database, schedule: Schedule) -> bool:
    is_free = await insert_schedule(connection, database, DEFAULT_TENANT, schedule)
    if is_free:
        await write_audit(connection, database, START_ACTOR, "schedule-create", _told(schedule))
    return is_free


async def _change(connection: Connection, database: Database, before: Schedule, after: Schedule) -> None:
    if after != before:
        await change_schedule(connection, database, after)
        await write_audit(connection, database, START_ACTOR, _act(before, after), _told(after))


def _act(before: Schedule, after: Schedule) -> str:
    return "schedule-vanish" if after.vanished_at and not before.vanished_at else "schedule-change"


def _told(schedule: Schedule) -> dict[str, str | None]:
    return {"schedule": schedule.name, "app": schedule.app}
