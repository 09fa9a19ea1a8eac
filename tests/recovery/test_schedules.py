"""Relays are killed in turn: a schedule of each second goes on, with no tick missing and none doubled."""

import asyncio
from datetime import timedelta
from itertools import takewhile

import orjson
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.event import TASK_TYPE, NewEvent
from headrace.domain.ids import derived_id, new_id
from headrace.domain.recurrence import moments_after
from headrace.domain.timing import Timing
from headrace.store.body import unpack
from headrace.store.schedules import Schedule, begin, insert_schedule
from tests.support.installation import Installation
from tests.support.processes import Program
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)

#: How long relays are killed for, in turn: each time but the first it is the one that leads.
LASTING = timedelta(minutes=1)

#: What recurs so often that each relay has something to fire.
RECURRENCES = ({"every": 1}, {"cron": "* * * * * *"}, {"every": 2, "jitter": 1})


def start_relay(installation: Installation) -> Program:
    return installation.start("-m", "headrace.cli", "relay")


def add_schedules(installation: Installation) -> list[Schedule]:
    """Begin to call a task, which no worker does: each event carries the id of its tick."""
    event = NewEvent(id=new_id(), type=TASK_TYPE, body=b'{"type": "headrace.task", "task": "tidy"}')
    timings = (Timing.model_validate({**recurrence, "catch_up": "skip"}) for recurrence in RECURRENCES)
    schedules = [begin(f"s{number}", timing, event, utc_now()) for number, timing in enumerate(timings)]

    async def insert() -> None:
        database = installation.storage.open()
        await database.open()
        async with database.connection() as connection:
            for schedule in schedules:
                await insert_schedule(connection, database, "default", schedule)
        await database.close()

    asyncio.run(insert())
    return schedules


def fired(installation: Installation) -> int:
    return int(installation.storage.value("SELECT count(*) FROM headrace.events"))


def test_no_tick_is_missing_and_none_doubled_while_relays_are_killed_in_turn(installation: Installation) -> None:
    relays = [start_relay(installation), start_relay(installation)]
    schedules = add_schedules(installation)
    wait_until(lambda: fired(installation) >= 2, "schedules are fired", 30.0)

    number, ends = 0, utc_now() + LASTING
    while utc_now() < ends:
        relays[number % 2].kill()
        before = fired(installation)
        wait_until(lambda before=before: fired(installation) >= before + 6, "another relay fires", 30.0)  # type: ignore[misc]  # bound at once
        relays[number % 2] = start_relay(installation)
        number += 1

    for relay in relays:
        relay.stop()
    for schedule in schedules:
        found = sorted(fired_ids(installation, schedule))
        assert found == sorted(ids_until_now(installation, schedule))
        assert len(found) > LASTING / (3 * SECOND)


def fired_ids(installation: Installation, schedule: Schedule) -> list[str]:
    bodies = installation.storage.rows(
        "SELECT body FROM headrace.events WHERE source = %s", f"schedule:{schedule.name}"
    )
    return [orjson.loads(unpack(body))["id"] for (body,) in bodies]


def ids_until_now(installation: Installation, schedule: Schedule) -> list[str]:
    """The ids of all ticks of a schedule up to the next one."""
    next_tick = installation.storage.value("SELECT tick FROM headrace.schedules WHERE name = %s", schedule.name)
    moments = moments_after(schedule.timing.recurrence, schedule.anchor, schedule.anchor)
    ticks = takewhile(lambda moment: moment < next_tick, moments)
    return [str(derived_id(schedule.id, tick.isoformat())) for tick in ticks]
