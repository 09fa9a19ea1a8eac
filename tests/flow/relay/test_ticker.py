"""Firing schedules: whatever relays do at once, and wherever one ends, each tick has one event."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.ticks import first_tick
from headrace.domain.timing import Timing
from headrace.flow.relay.ticker import fire_due
from headrace.store.body import unpack
from headrace.store.database import Database
from headrace.store.look import FEW_TALLIES
from headrace.store.schedules import Schedule, insert_schedule
from headrace.store.ticks import add_ticks, choose_due, last_ticks
from tests.support.ending import Ended, Ending
from tests.support.stages import relaying
from tests.support.steps import TYPE, accept, claim, new_event, store, succeeded
from tests.support.storage import Storage
from tests.support.waiting import eventually

BODY = b'{"type": "order.placed", "n": 1.50}'


def recurring(name: str = "hourly", *, begun: timedelta = timedelta(0), **timing: Any) -> Schedule:
    """A schedule that began so long ago."""
    anchor = utc_now() - begun
    settings = Timing.model_validate(timing or {"every": "1h"})
    return Schedule(
        id=new_id(),
        name=name,
        timing=settings,
        type=TYPE,
        queue="default",
        match_key="17",
        body=BODY,
        anchor=anchor,
        tick=first_tick(settings.recurrence, settings.policies, anchor, anchor),
        paused_at=None,
        previous_id=None,
    )


async def add(database: Database, *schedules: Schedule) -> None:
    async with database.connection() as connection:
        for schedule in schedules:
            assert await insert_schedule(connection, database, "default", schedule)


async def tick(database: Database) -> int:
    async with database.connection() as connection:
        return len(await fire_due(connection, database, "r1"))


def ticks(storage: Storage) -> list[datetime]:
    return [moment for (moment,) in storage.rows("SELECT tick FROM headrace.ticks ORDER BY tick")]


async def test_a_due_schedule_stores_its_event_and_moves_on(storage: Storage, database: Database) -> None:
    schedule = recurring(begun=timedelta(minutes=60, seconds=10))
    await add(database, schedule)

    assert await tick(database) == 1
    assert await tick(database) == 0

    event = storage.row("SELECT * FROM headrace.events")
    assert (unpack(event["body"]), event["source"], event["match_key"]) == (BODY, "schedule:hourly", "17")
    assert storage.run(event["id"])["release"] == "r1"
    row = storage.row("SELECT tick, due, previous FROM headrace.schedules")
    later = schedule.anchor + timedelta(hours=2)
    assert row == {"tick": later, "due": later, "previous": event["id"]}
    assert storage.rows("SELECT state, delta FROM headrace.tallies") == [("accepted", 1)]


async def test_a_schedule_that_has_ended_is_never_looked_at_again(storage: Storage, database: Database) -> None:
    at = utc_now() - timedelta(seconds=5)
    await add(database, replace(recurring(at=at.isoformat()), tick=at))

    assert [await tick(database), await tick(database)] == [1, 0]
    assert storage.row("SELECT tick, due = 'infinity' AS never FROM headrace.schedules") == {
        "tick": None,
        "never": True,
    }


async def test_ticks_are_in_utc_whatever_zone_the_server_is_in(storage: Storage, database: Database) -> None:
    schedule = recurring(begun=timedelta(minutes=60, seconds=10))
    await add(database, schedule)
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL timezone TO 'Asia/Tokyo'")
        [due] = await choose_due(connection, database, 1)
        await add_ticks(connection, database, [(schedule.id, due.now, new_id())])
        [fired] = await last_ticks(connection, database, schedule.id, 1)

    assert schedule.tick is not None
    assert due.schedule.tick is not None
    assert due.schedule.tick.isoformat() == schedule.tick.isoformat()
    assert (due.schedule.anchor.tzinfo, fired.tick.tzinfo) == (UTC, UTC)


async def test_two_relays_at_once_fire_each_tick_once(storage: Storage, database: Database) -> None:
    begun = timedelta(minutes=90)
    await add(database, *(recurring(f"s{number}", begun=begun, every="1m", catch_up="all") for number in range(8)))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(tick(database)) for _ in range(4)]

    assert sum(task.result() for task in tasks) == 8 * 90
    assert storage.value("SELECT count(*) FROM headrace.events") == 8 * 90
    assert storage.value("SELECT count(DISTINCT body) FROM headrace.events") == 1


@pytest.mark.parametrize("overlap", ["allow", "cancel-previous"])
async def test_wherever_a_relay_ends_the_next_one_fires_what_is_due(
    storage: Storage, database: Database, overlap: str
) -> None:
    schedule = recurring(begun=timedelta(minutes=60, seconds=10), every="1h", overlap=overlap)
    await add(database, schedule)
    statements = 0
    while storage.value("SELECT count(*) FROM headrace.events") == 0:
        async with database.connection() as connection:
            try:
                await fire_due(Ending(connection, statements), database, "r1")  # type: ignore[arg-type]  # enough of one
            except Ended:
                assert ticks(storage) == []
        statements += 1

    assert statements > 3
    assert ticks(storage) == [schedule.anchor + timedelta(hours=1)]
    assert storage.value("SELECT count(*) FROM headrace.events") == 1


async def test_a_tick_waits_for_the_event_of_the_last_one(storage: Storage, database: Database) -> None:
    await add(database, recurring(begun=timedelta(seconds=2.5), every="1s", overlap="queue"))
    assert await tick(database) == 1
    hurry(storage)
    assert await tick(database) == 0

    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))
    hurry(storage)

    assert await tick(database) == 1


async def test_a_tick_takes_the_place_of_the_event_of_the_last_one(storage: Storage, database: Database) -> None:
    await add(database, recurring(begun=timedelta(seconds=1.5), every="1s", overlap="cancel-previous"))
    assert await tick(database) == 1
    [(first,)] = storage.rows("SELECT previous FROM headrace.schedules")
    await eventually(lambda: bool(storage.value("SELECT due <= now() FROM headrace.schedules")), "the next tick is due")

    assert await tick(database) == 1

    assert storage.states([first]) == ["cancelled"]


async def test_an_interval_from_the_finish_begins_there(storage: Storage, database: Database) -> None:
    timing = {"every": "1h", "from": "finish"}
    await add(database, recurring(begun=timedelta(minutes=60, seconds=1), **timing))
    assert await tick(database) == 1
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))
    hurry(storage)

    assert await tick(database) == 0

    row = storage.row("SELECT s.tick, r.finished_at FROM headrace.schedules s JOIN headrace.results r ON true")
    assert row["tick"] == row["finished_at"] + timedelta(hours=1)


@pytest.mark.parametrize(("catch_up", "count"), [("skip", 0), ("one", 1), ("all", 3)])
async def test_after_a_restore_the_ticks_since_the_snapshot_were_missed(
    storage: Storage, database: Database, catch_up: str, count: int
) -> None:
    schedule = recurring(begun=timedelta(minutes=190), every="1h", catch_up=catch_up)
    await add(database, schedule)
    snapshot = storage.rows("SELECT * FROM headrace.schedules")
    fired = await tick(database)
    storage.rows("TRUNCATE headrace.ticks, headrace.events, headrace.runs, headrace.tallies")
    storage.rows("UPDATE headrace.schedules SET (tick, due, previous) = (%s, %s, NULL)", schedule.tick, schedule.tick)
    assert storage.rows("SELECT * FROM headrace.schedules") == snapshot

    assert (fired, await tick(database)) == (count, count)


async def test_events_whose_type_has_lost_its_pipeline_are_parked(storage: Storage, database: Database) -> None:
    storage.add_worker(types={"other": "1"})
    await add(database, recurring(begun=timedelta(minutes=60, seconds=1)))

    async with relaying(storage):
        parked = "SELECT count(*) FROM headrace.runs WHERE reason = 'no-pipeline'"
        await eventually(lambda: storage.value(parked) == 1, "its event is parked")


async def test_what_has_jitter_is_delivered_later(storage: Storage, database: Database) -> None:
    await add(database, recurring(begun=timedelta(minutes=60, seconds=1), every="1h", jitter="1d"))

    assert await tick(database) == 0

    event = storage.row("SELECT id, deliver_at FROM headrace.events")
    assert (storage.run(event["id"])["reason"], storage.run(event["id"])["rank"]) == ("delay", event["deliver_at"])


async def test_a_schedule_that_cannot_be_fired_holds_up_no_other(storage: Storage, database: Database) -> None:
    good, bad = (recurring(name, begun=timedelta(minutes=60, seconds=1)) for name in ("good", "bad"))
    await add(database, good, bad)
    storage.rows("UPDATE headrace.schedules SET tick = NULL WHERE name = 'bad'")

    assert await tick(database) == 1

    assert storage.value("SELECT due > now() + interval '50 seconds' FROM headrace.schedules WHERE name = 'bad'")


async def test_only_the_newest_ticks_are_kept(storage: Storage, database: Database) -> None:
    await add(database, recurring(begun=timedelta(minutes=30), every="1m", catch_up="all"))

    assert await tick(database) == 30

    assert storage.value("SELECT count(*) FROM headrace.ticks") == 20


async def test_a_relay_that_leads_fires_and_tells_the_workers(storage: Storage, database: Database) -> None:
    storage.add_worker(types={TYPE: "1"})
    await add(database, recurring(begun=timedelta(seconds=0.5), every="1s"))
    async with relaying(storage) as lead:
        await eventually(lambda: len(ticks(storage)) >= 2, "two ticks are fired")
        await eventually(lambda: bool(told_ids(lead.told)), "the workers are told")


async def test_schedules_that_cannot_be_stored_now_keep_no_relay_from_the_rest(
    storage: Storage, database: Database
) -> None:
    await add(database, recurring(begun=timedelta(minutes=60, seconds=1)))
    for _ in range(FEW_TALLIES + 1):
        await accept(database, new_event())
    with psycopg.connect(storage.superuser_url) as other:
        other.execute(storage.sql("LOCK TABLE headrace.ticks IN EXCLUSIVE MODE"))
        async with relaying(storage):
            folded = "SELECT count(*) = 1 FROM headrace.tallies"
            await eventually(lambda: bool(storage.value(folded)), "the ledger is folded")
            assert ticks(storage) == []
            other.rollback()
            await eventually(lambda: len(ticks(storage)) == 1, "the tick is fired")


def told_ids(told: list[Any]) -> list[UUID]:
    return [event_id for _, ids in told for event_id in ids]


def hurry(storage: Storage) -> None:
    """Have what waits for the next look be looked at now."""
    storage.rows("UPDATE headrace.schedules SET due = now() WHERE due < now() + interval '2 seconds'")
