"""Schedules of all policies, while time passes and relays end wherever chance has them."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.event import Run
from headrace.domain.ticks import Previous, fire
from headrace.domain.timing import Timing
from headrace.flow.relay.ticker import fire_due
from headrace.store.database import Database
from headrace.store.schedules import Schedule, begin, insert_schedule
from headrace.store.ticks import KEPT_TICKS
from tests.support.ending import Ended, Ending
from tests.support.steps import claim, new_event, store, succeeded
from tests.support.storage import Storage

SCHEDULES, ROUNDS = 60, 30

#: What fires ticks has fewer statements: a process that ends before this one is through.
MOST_STATEMENTS = 14

#: Where in an hour each look is: within the minute in which a tick is not missed yet, or long after it.
ON_TIME, LATE = timedelta(seconds=20), timedelta(minutes=30)

# So time passes: all that was is so much longer ago. A tick goes there by way of the far future, where no other is.
_PASS = (
    "UPDATE headrace.schedules SET anchor = anchor - %(by)s, tick = tick - %(by)s, due = due - %(by)s",
    "UPDATE headrace.results SET finished_at = finished_at - %(by)s",
    "UPDATE headrace.ticks SET tick = tick - %(by)s + interval '9000000 hours'",
    "UPDATE headrace.ticks SET tick = tick - interval '9000000 hours'",
)

_TICKS = """
SELECT t.tick - s.anchor FROM headrace.schedules s JOIN headrace.ticks t ON t.schedule_id = s.id
WHERE s.name = %s ORDER BY t.tick
"""

_EVENTS = "SELECT count(*) FROM headrace.events WHERE source = 'schedule:' || %s"


@dataclass
class Expected:
    """What a schedule comes to. Moments are as if no time had passed but by the clock."""

    schedule: Schedule
    tick: datetime | None
    due: datetime | None
    fired: list[datetime] = field(default_factory=list)

    def look(self, now: datetime, previous: Previous | None) -> None:
        """What a relay does that looks and does not end."""
        if self.due is None or self.due > now:
            return
        timing = self.schedule.timing
        firing = fire(timing.recurrence, timing.policies, self.schedule.anchor, self.tick, previous, now)
        self.fired += firing.fired
        self.tick, self.due = firing.tick, firing.due


@dataclass
class World:
    """Time passes in it, relays look, workers finish."""

    storage: Storage
    database: Database
    dice: random.Random
    owner: UUID
    expected: list[Expected] = field(default_factory=list)
    passed: timedelta = timedelta(0)
    within_hour: timedelta = timedelta(0)
    held: list[Run] = field(default_factory=list)

    async def begin(self) -> None:
        now = utc_now()
        async with self.database.connection() as connection:
            for number in range(SCHEDULES):
                schedule = begin(f"s{number}", self._timing(), new_event(), now)
                await insert_schedule(connection, self.database, "default", schedule)
                self.expected.append(Expected(schedule, schedule.tick, schedule.tick))

    async def pass_time(self) -> None:
        before, self.within_hour = self.within_hour, self.dice.choice([ON_TIME, LATE])
        by = timedelta(hours=self.dice.choice([1, 1, 1, 2, 5])) + self.within_hour - before
        async with self.database.connection() as connection, connection.transaction():
            for statement in _PASS:
                await connection.execute(self.database.sql(statement), {"by": by})
        self.passed += by

    async def look(self, statements: int) -> bool:
        """A relay looks, and ends before this statement of its; whether it came to its end."""
        now, previous = utc_now() + self.passed, self._previous()
        async with self.database.connection() as connection:
            try:
                await fire_due(Ending(connection, statements), self.database, "r1")  # type: ignore[arg-type]
            except Ended:
                return False
        for each in self.expected:
            each.look(now, previous.get(each.schedule.id))
        return True

    async def finish_some(self) -> None:
        self.held += await claim(self.database, self.owner)
        some = [run for run in self.held if self.dice.random() < 0.5]
        self.held = [run for run in self.held if run not in some]
        if some:
            await store(self.database, *(succeeded(run) for run in some))

    def check(self) -> None:
        for each in self.expected:
            name, anchor = each.schedule.name, each.schedule.anchor
            stored = [offset for (offset,) in self.storage.rows(_TICKS, name)]
            wanted = [tick - anchor for tick in sorted(each.fired)[-KEPT_TICKS:]]
            assert stored == wanted, each.schedule
            assert self.storage.row(_EVENTS, name) == {"count": len(each.fired)}, each.schedule

    def _timing(self) -> Timing:
        settings: dict[str, Any] = {
            "catch_up": self.dice.choice(["skip", "one", "all"]),
            "most_caught_up": self.dice.randint(1, 9),
        }
        if self.dice.random() < 0.2:
            return Timing.model_validate({**settings, "every": "50m", "from": "finish"})
        overlap = self.dice.choice(["allow", "skip", "queue", "cancel-previous"])
        return Timing.model_validate({**settings, "every": "1h", "overlap": overlap})

    def _previous(self) -> dict[UUID, Previous]:
        found = self.storage.rows(
            "SELECT s.id, s.previous, f.finished_at FROM headrace.schedules s "
            "LEFT JOIN headrace.results f ON f.event_id = s.previous WHERE s.previous IS NOT NULL"
        )
        return {id_: Previous(event_id, finished and finished + self.passed) for id_, event_id, finished in found}


async def test_ticks_are_fired_as_the_policies_say(storage: Storage, database: Database) -> None:
    seed = random.randrange(1_000_000)
    world = World(storage, database, random.Random(seed), storage.add_worker())
    await world.begin()
    ends = 0
    for _ in range(ROUNDS):
        await world.pass_time()
        while not await world.look(world.dice.randrange(MOST_STATEMENTS)):
            ends += 1
        await world.finish_some()

    try:
        world.check()
    except AssertionError as error:
        error.add_note(f"seed {seed}")
        raise
    assert ends > ROUNDS / 4
    assert sum(len(each.fired) for each in world.expected) > SCHEDULES * ROUNDS / 4
