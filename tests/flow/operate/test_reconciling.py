"""The schedules of a program, made those that are stored."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.event import DEFAULT_TENANT
from headrace.domain.timing import Timing
from headrace.engine.scheduling import DeclaredSchedule
from headrace.errors import NotFound, ScheduleDeclared
from headrace.flow.operate import Scheduler, reconcile
from headrace.flow.operate.reconciling import Reconciled
from headrace.store.database import Database
from headrace.store.schedules import Schedule, begin, hold_schedule, insert_schedule
from tests.support.steps import new_event
from tests.support.storage import Storage

APP = "feeds"


def declared(name: str = "poll", *, url: str = "https://example.org", **timing: Any) -> DeclaredSchedule:
    return DeclaredSchedule(
        name=name,
        timing=Timing.model_validate(timing or {"every": "1h"}),
        type="feed.due",
        queue="default",
        match_key=None,
        body=orjson.dumps({"type": "feed.due", "url": url}),
    )


async def stored(database: Database, name: str = "poll") -> Schedule:
    async with database.connection() as connection:
        found = await hold_schedule(connection, database, DEFAULT_TENANT, name)
    assert found is not None
    return found


def acts(storage: Storage) -> list[tuple[str, str, str]]:
    return storage.rows("SELECT actor, act, detail ->> 'schedule' FROM headrace.audit ORDER BY id")


@pytest.fixture
def scheduler(database: Database) -> Scheduler:
    return Scheduler(database, lambda _queue, _ids: None, "tests", utc_now)


async def test_what_is_declared_anew_is_created(storage: Storage, database: Database) -> None:
    before = utc_now()

    assert await reconcile(database, APP, [declared()]) == Reconciled(created=["poll"])

    found = await stored(database)
    assert (found.app, found.type, found.body) == (APP, "feed.due", declared().body)
    assert found.tick is not None
    assert (found.tick - found.anchor).total_seconds() == 3600
    assert (found.anchor - before).total_seconds() < 60
    assert acts(storage) == [("start", "schedule-create", "poll")]


async def test_another_start_with_the_same_changes_nothing(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared(), declared("cron", cron="0 9 * * MON-FRI", timezone="Europe/Berlin")])
    before = storage.rows("SELECT * FROM headrace.schedules ORDER BY name")

    await reconcile(database, APP, [declared("cron", cron="0 9 * * MON-FRI", timezone="Europe/Berlin"), declared()])

    assert storage.rows("SELECT * FROM headrace.schedules ORDER BY name") == before
    assert len(acts(storage)) == 2


async def test_another_event_leaves_the_ticks_where_they_were(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared()])
    before = await stored(database)

    await reconcile(database, APP, [declared(url="https://example.com")])

    after = await stored(database)
    assert after == replace(before, body=declared(url="https://example.com").body)
    assert acts(storage)[1:] == [("start", "schedule-change", "poll")]


async def test_another_policy_keeps_an_interval_where_it_began(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared()])
    before = await stored(database)

    await reconcile(database, APP, [declared(every="1h", overlap="skip")])

    after = await stored(database)
    assert (after.timing.overlap, after.anchor, after.tick) == ("skip", before.anchor, before.tick)


async def test_another_policy_leaves_what_was_missed_to_be_caught_up_with(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared()])
    storage.rows("UPDATE headrace.schedules SET (anchor, tick, due) = (anchor - interval '1 d', t, t) FROM now() AS t")
    before = await stored(database)

    await reconcile(database, APP, [declared(every="1h", jitter="30s")])

    assert (await stored(database)).tick == before.tick
    assert storage.value("SELECT due FROM headrace.schedules") == before.tick


async def test_another_event_of_what_follows_a_finish_is_still_waited_for(storage: Storage, database: Database) -> None:
    timing = {"every": "1h", "from": "finish"}
    await reconcile(database, APP, [declared(**timing)])
    storage.rows("UPDATE headrace.schedules SET tick = NULL, due = now() + interval '1 s'")

    await reconcile(database, APP, [declared(url="https://example.com", **timing)])

    assert storage.value("SELECT tick IS NULL AND due <= now() FROM headrace.schedules")


async def test_another_interval_begins_now(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared()])
    before = await stored(database)

    await reconcile(database, APP, [declared(every="2h")])

    after = await stored(database)
    assert after.anchor > before.anchor
    assert after.tick is not None
    assert (after.tick - after.anchor).total_seconds() == 7200


async def test_what_is_declared_no_more_is_switched_off_until_it_is_again(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared(), declared("other")])

    assert await reconcile(database, APP, [declared("other")]) == Reconciled(switched_off=["poll"])
    gone = await stored(database)
    assert (gone.tick, gone.vanished_at is not None) == (None, True)
    assert storage.value("SELECT due = 'infinity' FROM headrace.schedules WHERE name = 'poll'")
    await reconcile(database, APP, [declared("other")])
    assert await stored(database) == gone

    assert await reconcile(database, APP, [declared(), declared("other")]) == Reconciled(changed=["poll"])
    back = await stored(database)
    assert (back.vanished_at, back.tick is not None) == (None, True)
    assert [act for _, act, name in acts(storage) if name == "poll"] == [
        "schedule-create",
        "schedule-vanish",
        "schedule-change",
    ]


async def test_one_that_an_operator_has_paused_stays_paused(
    storage: Storage, database: Database, scheduler: Scheduler
) -> None:
    await reconcile(database, APP, [declared()])
    await scheduler.pause("poll")

    for schedules in ([declared(every="2h")], [], [declared(every="2h")]):
        await reconcile(database, APP, schedules)

    found = await stored(database)
    assert (found.tick, found.paused_at is not None) == (None, True)
    await scheduler.resume("poll")
    assert (await stored(database)).tick is not None


async def test_schedules_of_operators_and_of_other_programs_are_left_alone(
    storage: Storage, database: Database
) -> None:
    async with database.connection() as connection:
        for name, app in (("poll", None), ("mine", None), ("theirs", "other")):
            schedule = begin(name, Timing.model_validate({"every": "3h"}), new_event(), utc_now(), app)
            await insert_schedule(connection, database, DEFAULT_TENANT, schedule)
    before = storage.rows("SELECT * FROM headrace.schedules ORDER BY name")

    assert await reconcile(database, APP, [declared(), declared("theirs")]) == Reconciled(taken=["poll", "theirs"])

    assert storage.rows("SELECT * FROM headrace.schedules ORDER BY name") == before


async def test_what_ended_before_it_was_declared_is_never_due(storage: Storage, database: Database) -> None:
    await reconcile(database, APP, [declared(every="1h", ends_at="2020-01-01T00:00:00Z")])

    assert storage.rows("SELECT tick, due = 'infinity' FROM headrace.schedules") == [(None, True)]


async def test_many_may_start_at_once(storage: Storage, database: Database) -> None:
    schedules = [declared(f"s{number}") for number in range(20)]

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(reconcile(database, APP, schedules[number:]))

    assert storage.value("SELECT count(*) FROM headrace.schedules") == 20


async def test_only_the_program_changes_what_it_declares(
    storage: Storage, database: Database, scheduler: Scheduler
) -> None:
    await reconcile(database, APP, [declared()])

    with pytest.raises(ScheduleDeclared, match="change it there"):
        await scheduler.change("poll", Timing.model_validate({"every": "2h"}), None)
    with pytest.raises(ScheduleDeclared, match="take it out there, or pause it"):
        await scheduler.delete("poll")

    await reconcile(database, APP, [])
    await scheduler.resume("poll")
    assert (await stored(database)).tick is None
    await scheduler.delete("poll")
    with pytest.raises(NotFound):
        await scheduler.get("poll")
