"""Weekly partitions, made ahead by the running role."""

import asyncio
import time
from datetime import datetime, timedelta

import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import first_id_at, new_id, time_of
from headrace.store.database import Database
from headrace.store.partitions import AHEAD_DAYS, ensure_partitions
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.storage import Storage

_LAST_WEEK = """SELECT to_char((now() + interval '14 days') AT TIME ZONE 'UTC', 'IYYY"w"IW')"""

#: Longer than anybody waits for a partition.
MOMENT_SECONDS = 1.0

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


async def test_events_are_stored_while_a_partition_is_made(storage: Storage, database: Database) -> None:
    drop_last_week(storage, "events", "results")

    async with database.connection() as connection, connection.transaction():
        assert await ensure_partitions(connection, database) == 2
        [event_id] = await accept(database, new_event())

    assert storage.states([event_id]) == ["queued"]


async def test_what_a_reader_holds_is_left_after_a_moment_and_made_later(storage: Storage, database: Database) -> None:
    drop_last_week(storage, "events", "results")

    async with database.connection() as reader, database.connection() as connection:
        async with reader.transaction():
            await reader.execute(storage.sql("SELECT count(*) FROM headrace.events"))
            began = time.monotonic()
            assert await ensure_partitions(connection, database) == 0
            assert time.monotonic() - began < MOMENT_SECONDS
        assert await ensure_partitions(connection, database) == 2


async def test_a_new_partition_is_as_the_others(storage: Storage, database: Database) -> None:
    columns = "SELECT attname, attnotnull, attstorage FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    indexes = "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass"
    checks = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
    week = drop_last_week(storage, "events", "results")
    async with database.connection() as connection:
        await ensure_partitions(connection, database)

    for parent in ("events", "results"):
        for statement in (columns, indexes, checks):
            new = storage.rows(statement, f"{storage.schema}.{parent}_{week}")
            assert new == storage.rows(statement, f"{storage.schema}.{parent}")


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
