"""Weekly partitions, made ahead by the running role."""

import asyncio
from datetime import datetime, timedelta

import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import first_id_at, new_id, time_of
from headrace.store.database import Database
from headrace.store.partitions import AHEAD_DAYS, ensure_partitions
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.storage import Storage

_LAST_WEEK = """SELECT to_char((now() + interval '14 days') AT TIME ZONE 'UTC', 'IYYY"w"IW')"""

_HOME = "SELECT tableoid::regclass::text FROM headrace.events WHERE id = %s"


def drop_last_week(storage: Storage, *parents: str) -> str:
    """Drop the partitions of the week in 14 days; returns its name."""
    week = str(storage.value(_LAST_WEEK))
    for parent in parents:
        storage.rows(f"DROP TABLE headrace.{parent}_{week}")
    return week


async def home_of(storage: Storage, database: Database, moment: datetime) -> str:
    """The table in which an event of a moment lies, without its schema."""
    [event_id] = await accept(database, new_event(id=new_id(moment)))
    return str(storage.value(_HOME, event_id)).removeprefix("stages.")


async def test_events_have_a_partition_of_their_week_two_weeks_ahead(storage: Storage, database: Database) -> None:
    days = [await home_of(storage, database, utc_now() + timedelta(days=day)) for day in range(AHEAD_DAYS + 1)]

    assert "events_default" not in days
    assert len(set(days)) == 3


async def test_an_event_of_another_time_lies_in_the_default_partition(storage: Storage, database: Database) -> None:
    assert await home_of(storage, database, utc_now() + timedelta(days=400)) == "events_default"
    assert await home_of(storage, database, utc_now() - timedelta(days=400)) == "events_default"

    [first, second] = await claim(database, storage.add_worker())
    await store(database, succeeded(first), succeeded(second))
    for table in ("events_default", "results_default"):
        assert storage.value(f"SELECT count(*) FROM headrace.{table}") == 2  # noqa: S608


async def test_the_running_role_makes_what_is_missing_and_only_that(storage: Storage, database: Database) -> None:
    week = drop_last_week(storage, "events")

    async with database.connection() as connection:
        assert await ensure_partitions(connection, database) == 1
        assert await ensure_partitions(connection, database) == 0
    assert await home_of(storage, database, utc_now() + timedelta(days=14)) == f"events_{week}"


async def test_a_week_whose_rows_lie_in_the_default_partition_stays_there(storage: Storage, database: Database) -> None:
    drop_last_week(storage, "events", "results")
    moment = utc_now() + timedelta(days=14)
    assert await home_of(storage, database, moment) == "events_default"

    async with database.connection() as connection:
        assert await ensure_partitions(connection, database) == 1  # of the results, of which none is in the way
    assert await home_of(storage, database, moment) == "events_default"

    storage.clean()
    async with database.connection() as connection:
        assert await ensure_partitions(connection, database) == 1


async def test_many_may_make_them_at_once(storage: Storage, database: Database) -> None:
    drop_last_week(storage, "events")

    async def ensure() -> int:
        async with database.connection() as connection:
            return await ensure_partitions(connection, database)

    assert sum(await asyncio.gather(*(ensure() for _ in range(4)))) == 1


@pytest.mark.parametrize("days", [-3650, -1, 0, 0.5, 13.99, 3650])
def test_the_database_reads_the_time_of_an_id_as_python_does(storage: Storage, days: float) -> None:
    moment = utc_now() + timedelta(days=days)
    event_id = new_id(moment)

    assert storage.value("SELECT headrace.time_of(%s)", event_id) == time_of(event_id)
    assert storage.value("SELECT headrace.first_id_at(%s)", time_of(event_id)) == first_id_at(moment)
