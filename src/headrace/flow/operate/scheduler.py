"""Schedules as an operator handles them: each act in a transaction of its own, with its row in the audit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.event import DEFAULT_TENANT, NewEvent
from headrace.domain.ids import new_id
from headrace.domain.recurrence import next_moments
from headrace.domain.timing import Timing
from headrace.domain.values import value
from headrace.errors import FieldProblem, InvalidInput, NotFound, ScheduleDeclared, ScheduleExists
from headrace.flow.operate.transactions import acting
from headrace.store.audit import write_audit
from headrace.store.database import Connection, Database
from headrace.store.events import insert_events
from headrace.store.matcher import tell_of
from headrace.store.schedules import (
    Schedule,
    begin,
    change_schedule,
    delete_schedule,
    hold_schedule,
    insert_schedule,
    list_schedules,
    read_schedule,
)
from headrace.store.ticks import FiredTick, Moved, add_ticks, last_ticks, move_schedules

#: Coming and past ticks of a schedule that are shown.
SHOWN_TICKS = 10


@value()
class ScheduleView:
    """A schedule, the next ticks of it, and those that were fired last, the newest first."""

    schedule: Schedule
    coming: Sequence[datetime]
    fired: Sequence[FiredTick]


class Scheduler:
    """Acts for `actor` at the moments that `now` tells. After each commit `tell` hears of events that are due.

    All of it raises Unavailable where the database is away, and Conflict while somebody else holds the schedule; what
    is about one raises NotFound where there is none of the name.
    """

    def __init__(
        self,
        database: Database,
        tell: Callable[[str, Sequence[UUID]], None],
        actor: str,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._tell = tell
        self._actor = actor
        self._now = now

    async def create(self, name: str, timing: Timing, event: NewEvent, *, paused: bool = False) -> ScheduleView:
        """Let something recur from now on. Raises ScheduleExists, and InvalidInput for what would never be due."""
        now = self._now()
        schedule = begin(name, timing, event, now)
        _refuse_passed(schedule)
        if paused:
            schedule = replace(schedule, paused_at=now, tick=None)
        async with acting(self._database) as connection:
            if not await insert_schedule(connection, self._database, DEFAULT_TENANT, schedule):
                raise ScheduleExists(f"There is a schedule {name!r} already.")
            await self._audit(connection, "schedule-create", schedule)
        return self._view(schedule, ())

    async def list(self, after: str, most: int) -> list[ScheduleView]:
        """The next schedules behind a name, without the ticks that were fired."""
        async with acting(self._database) as connection:
            found = await list_schedules(connection, self._database, DEFAULT_TENANT, after, most)
        return [self._view(schedule, ()) for schedule in found]

    async def get(self, name: str) -> ScheduleView:
        """One of them, whole."""
        async with acting(self._database) as connection:
            schedule = _known(await read_schedule(connection, self._database, DEFAULT_TENANT, name), name)
            return await self._whole(connection, schedule)

    async def change(self, name: str, timing: Timing, event: NewEvent | None) -> ScheduleView:
        """Give a schedule another timing and, unless it is None, another event. A new recurrence begins now.

        Raises InvalidInput for what would never be due, ScheduleDeclared for one of the user's program.
        """
        now = self._now()
        async with acting(self._database) as connection:
            before = await self._held(connection, name)
            if before.app is not None:
                raise ScheduleDeclared(_where_to_change(before))
            changed = before.with_timing(timing, now)
            _refuse_passed(replace(changed, paused_at=None).from_now(now))
            if event is not None:
                changed = changed.with_event(event)
            await change_schedule(connection, self._database, changed)
            await self._audit(connection, "schedule-change", changed)
            return await self._whole(connection, changed)

    async def pause(self, name: str) -> ScheduleView:
        """Fire no tick until it is resumed. What passes meanwhile is not missed."""
        return await self._set_paused(name, self._now())

    async def resume(self, name: str) -> ScheduleView:
        """Go on with the next tick from now."""
        return await self._set_paused(name, None)

    async def run(self, name: str) -> UUID:
        """Store the event of a schedule now, beside its ticks; returns its id."""
        now = self._now()
        async with acting(self._database) as connection:
            schedule = await self._held(connection, name)
            event = schedule.new_event(new_id(now), now)
            await insert_events(connection, self._database, [event])
            await add_ticks(connection, self._database, [(schedule.id, now, event.id)])
            moved = Moved(schedule.id, schedule.tick, schedule.due, event.id)
            await move_schedules(connection, self._database, [moved])
            await self._audit(connection, "schedule-run", schedule, event=str(event.id))
        tell_of([(event.id, event.queue)], self._tell)
        return event.id

    async def delete(self, name: str) -> None:
        """Forget a schedule. Its events stay. Raises ScheduleDeclared while the user's program declares it."""
        async with acting(self._database) as connection:
            schedule = await self._held(connection, name)
            if schedule.app is not None and schedule.vanished_at is None:
                raise ScheduleDeclared(f"The schedule is declared by {schedule.app!r}: take it out there, or pause it.")
            await delete_schedule(connection, self._database, schedule.id)
            await self._audit(connection, "schedule-delete", schedule)

    async def _set_paused(self, name: str, paused_at: datetime | None) -> ScheduleView:
        now = self._now()
        async with acting(self._database) as connection:
            before = await self._held(connection, name)
            if (before.paused_at is None) == (paused_at is None):
                return await self._whole(connection, before)
            changed = replace(before, paused_at=paused_at).from_now(now)
            await change_schedule(connection, self._database, changed)
            await self._audit(connection, "schedule-pause" if paused_at else "schedule-resume", changed)
            return await self._whole(connection, changed)

    async def _held(self, connection: Connection, name: str) -> Schedule:
        return _known(await hold_schedule(connection, self._database, DEFAULT_TENANT, name), name)

    async def _audit(self, connection: Connection, act: str, schedule: Schedule, **more: Any) -> None:
        await write_audit(connection, self._database, self._actor, act, {"schedule": schedule.name, **more})

    async def _whole(self, connection: Connection, schedule: Schedule) -> ScheduleView:
        return self._view(schedule, await last_ticks(connection, self._database, schedule.id, SHOWN_TICKS))

    def _view(self, schedule: Schedule, fired: Sequence[FiredTick]) -> ScheduleView:
        if schedule.tick is None:
            return ScheduleView(schedule, (), fired)
        timing, coming = schedule.timing, [schedule.tick]
        if not timing.follows_finish:
            coming += next_moments(timing.recurrence, schedule.tick, schedule.anchor, SHOWN_TICKS - 1)
        ends_at = timing.ends_at
        return ScheduleView(schedule, [tick for tick in coming if ends_at is None or tick <= ends_at], fired)


def _refuse_passed(schedule: Schedule) -> None:
    if schedule.tick is None:
        pointer = "/at" if schedule.timing.at is not None else "/ends_at"
        problem = FieldProblem(pointer, "passed", "has passed")
        raise InvalidInput("The schedule would never be due.", [problem])


def _known(schedule: Schedule | None, name: str) -> Schedule:
    if schedule is None:
        raise NotFound(f"There is no schedule {name!r}.")
    return schedule


def _where_to_change(schedule: Schedule) -> str:
    if schedule.vanished_at is None:
        return f"The schedule is declared by {schedule.app!r}: change it there."
    return f"The schedule is declared by {schedule.app!r} no more: delete it, and create another one."
