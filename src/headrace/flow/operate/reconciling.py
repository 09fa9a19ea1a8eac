"""The schedules that a user's program declares, made those that are stored: asked for when it starts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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


@dataclass(slots=True)
class Reconciled:
    """The names of what was created, changed and switched off; and of schedules that the program did not declare, which
    are left as they are, so that its own of these names are not there.
    """

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    switched_off: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)


async def reconcile(database: Database, app: str, declared: Sequence[DeclaredSchedule]) -> Reconciled:
    """Create what `app` declares anew, change what it declares otherwise, switch off what it declares no more.

    Raises Unavailable where the database is away, and Conflict while somebody else holds what it needs.
    """
    done = Reconciled()
    async with acting(database) as connection:
        now = await read_clock(connection)
        stored = {each.name: each for each in await hold_declared(connection, database, DEFAULT_TENANT, app)}
        for each in sorted(declared, key=lambda each: each.name):
            before = stored.pop(each.name, None)
            if before is None:
                is_free = await _create(connection, database, begin(each.name, each.timing, each, now, app))
                (done.created if is_free else done.taken).append(each.name)
            elif await _change(connection, database, before, _as_declared(before, each, now)):
                done.changed.append(each.name)
        for gone in stored.values():
            off = replace(gone, tick=None, vanished_at=gone.vanished_at or now)
            if await _change(connection, database, gone, off):
                done.switched_off.append(gone.name)
    return done


def _as_declared(before: Schedule, declared: DeclaredSchedule, now: datetime) -> Schedule:
    again = replace(before.with_event(declared), vanished_at=None).with_timing(declared.timing, now)
    return again if before.vanished_at is None else again.from_now(now)


async def _create(connection: Connection, database: Database, schedule: Schedule) -> bool:
    is_free = await insert_schedule(connection, database, DEFAULT_TENANT, schedule)
    if is_free:
        await write_audit(connection, database, START_ACTOR, "schedule-create", _told(schedule))
    return is_free


async def _change(connection: Connection, database: Database, before: Schedule, after: Schedule) -> bool:
    """Whether there was anything to change."""
    if after == before:
        return False
    await change_schedule(connection, database, after)
    await write_audit(connection, database, START_ACTOR, _act(before, after), _told(after))
    return True


def _act(before: Schedule, after: Schedule) -> str:
    return "schedule-vanish" if after.vanished_at and not before.vanished_at else "schedule-change"


def _told(schedule: Schedule) -> dict[str, str | None]:
    return {"schedule": schedule.name, "app": schedule.app}
