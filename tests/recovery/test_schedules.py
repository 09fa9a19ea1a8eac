"""Relays are killed in turn: a schedule of each second goes on, with no tick missing and none doubled."""

import asyncio
from datetime import timedelta

import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.timing import Timing
from headrace.store.schedules import Schedule, insert_schedule
from tests.support.installation import Installation
from tests.support.processes import Program
from tests.support.steps import TYPE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)

#: How often a relay is killed; each time but the first it is the one that leads.
KILLS = 5


def start_relay(installation: Installation) -> Program:
    return installation.start("-m", "headrace.cli", "relay")


def add_schedule(installation: Installation) -> Schedule:
    """A schedule of each second from now on."""
    now = utc_now()
    schedule = Schedule(
        id=new_id(),
        name="each-second",
        timing=Timing.model_validate({"every": 1, "catch_up": "skip"}),
        type=TYPE,
        queue="default",
        match_key=None,
        body=b'{"type": "order.placed"}',
        anchor=now,
        tick=now + SECOND,
        paused_at=None,
        previous_id=None,
    )

    async def insert() -> None:
        database = installation.storage.open()
        await database.open()
        async with database.connection() as connection:
            await insert_schedule(connection, database, "default", schedule, schedule.tick)
        await database.close()

    asyncio.run(insert())
    return schedule


def fired(installation: Installation) -> int:
    return int(installation.storage.value("SELECT count(*) FROM headrace.events"))


def test_no_tick_is_missing_and_none_doubled_while_relays_are_killed_in_turn(installation: Installation) -> None:
    relays = [start_relay(installation), start_relay(installation)]
    schedule = add_schedule(installation)
    wait_until(lambda: fired(installation) >= 2, "the schedule is fired", 30.0)

    for number in range(KILLS):
        relays[number % 2].kill()
        before = fired(installation)
        wait_until(lambda before=before: fired(installation) >= before + 3, "another relay fires it", 30.0)  # type: ignore[misc]  # bound at once
        relays[number % 2] = start_relay(installation)

    for relay in relays:
        relay.stop()
    next_tick = installation.storage.value("SELECT tick FROM headrace.schedules")
    assert fired(installation) == (next_tick - schedule.anchor) // SECOND - 1
    assert fired(installation) > 3 * KILLS
