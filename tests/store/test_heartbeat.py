"""The lease of a process, kept by a thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from chaos.proxy import Proxy
from headrace.domain.clock import Clock, utc_now
from headrace.store.database import Database
from headrace.store.heartbeat import Heartbeat, LeaseTimes
from headrace.store.workers import Measure, WorkerRow
from tests.support.steps import accept_many, claim, store, succeeded
from tests.support.storage import Storage
from tests.support.waiting import wait_until

ROW = WorkerRow(role="worker", host="here", pid=7, connections=4, queues=("default", "slow"), types={"a": "1"})


@contextmanager
def beating(
    storage: Storage,
    *,
    lease_seconds: float = 60.0,
    url: str | None = None,
    clock: Clock = utc_now,
    alive: Callable[[], bool] = lambda: True,
    on_register: Callable[[], None] = lambda: None,
    measure: Callable[[], dict[str, Measure]] = dict,
) -> Iterator[Heartbeat]:
    """A heartbeat that holds a lease, and beats ten times a second."""
    source = url or storage.services.database_url
    times = LeaseTimes(lease_seconds, 0.1)
    heartbeat = Heartbeat(
        lambda: source,
        ROW,
        times,
        schema=storage.schema,
        pooler="none",
        clock=clock,
        alive=alive,
        measure=measure,
    )
    heartbeat.start(on_register)
    try:
        wait_until(lambda: heartbeat.id is not None, "the process is registered")
        yield heartbeat
    finally:
        heartbeat.stop()


def expires(storage: Storage) -> datetime:
    found: datetime = storage.value("SELECT max(expires) FROM headrace.workers")
    return found


def id_of(heartbeat: Heartbeat) -> UUID:
    assert heartbeat.id is not None
    return heartbeat.id


def test_a_process_announces_itself_and_signs_off(storage: Storage) -> None:
    with beating(storage) as heartbeat:
        row = storage.row("SELECT * FROM headrace.workers")
        assert (row["id"], row["role"], row["host"], row["pid"]) == (heartbeat.id, "worker", "here", 7)
        assert (row["queues"], row["types"], row["connections"]) == (["default", "slow"], {"a": "1"}, 4)

    assert storage.value("SELECT count(*) FROM headrace.workers") == 0


def test_a_lease_is_renewed_again_and_again(storage: Storage) -> None:
    with beating(storage):
        for _ in range(3):
            before = expires(storage)
            wait_until(lambda: expires(storage) > before, "the lease is renewed")  # noqa: B023


def test_a_mistake_in_a_heartbeat_ends_none_of_those_that_follow(storage: Storage) -> None:
    measured: list[bool] = []

    def measure() -> dict[str, Measure]:
        measured.append(True)
        if len(measured) == 2:
            raise KeyError("what is measured")
        return {}

    with beating(storage, measure=measure):
        before = expires(storage)
        wait_until(lambda: len(measured) > 2 and expires(storage) > before, "the lease is renewed")


def test_a_process_that_no_longer_turns_falls_silent(storage: Storage) -> None:
    turning = threading.Event()
    turning.set()
    with beating(storage, lease_seconds=1.0, alive=turning.is_set):
        turning.clear()
        lease_holds = "SELECT expires > now() FROM headrace.workers"
        wait_until(lambda: not storage.value(lease_holds), "the lease has run out")


async def test_a_lease_that_ran_out_is_good_again_while_nobody_took_over(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    with beating(storage) as heartbeat:
        first = id_of(heartbeat)
        [run] = await claim(database, first)
        storage.end_lease(first)
        wait_until(lambda: expires(storage) > utc_now() + timedelta(seconds=30), "the lease is renewed")

        assert heartbeat.id == first
        assert await store(database, succeeded(run)) == {run.event_id}


@pytest.mark.parametrize("end", ["swept = now()", "death_seen = true"])
async def test_a_process_whose_runs_others_took_over_goes_on_under_another_id(
    storage: Storage, database: Database, end: str
) -> None:
    registered = threading.Semaphore(0)
    with beating(storage, on_register=registered.release) as heartbeat:
        assert registered.acquire(timeout=10.0)
        first = id_of(heartbeat)
        storage.rows(f"UPDATE headrace.workers SET expires = now(), {end}")  # noqa: S608
        assert registered.acquire(timeout=10.0)

        await accept_many(database, 1)
        assert await claim(database, first) == []
        assert len(await claim(database, id_of(heartbeat))) == 1
        assert expires(storage) > utc_now()


async def test_a_process_that_still_holds_runs_leaves_its_row_to_the_relay(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 1)
    with beating(storage) as heartbeat:
        await claim(database, id_of(heartbeat))

    assert storage.rows("SELECT id FROM headrace.workers") == [(heartbeat.id,)]


def test_a_lease_outlives_a_database_that_is_away_for_a_while(storage: Storage) -> None:
    with Proxy(storage.services.database_url) as proxy, beating(storage, url=proxy.url) as heartbeat:
        first = heartbeat.id
        proxy.refuse()
        wait_until(lambda: proxy.refused > 0, "a heartbeat failed")
        before = expires(storage)
        proxy.admit()
        wait_until(lambda: expires(storage) > before, "the lease is renewed")
        assert heartbeat.id == first


def test_a_lease_runs_by_the_clock_of_the_database(storage: Storage) -> None:
    def fast_clock() -> datetime:
        return utc_now() + timedelta(hours=2)

    with beating(storage, clock=fast_clock) as heartbeat:
        assert expires(storage) < datetime.now(UTC) + timedelta(minutes=5)  # noqa: TID251
        heartbeat.wait(20.0)
        assert heartbeat.clock_offset_seconds is not None
        assert -7205 < heartbeat.clock_offset_seconds < -7195


def test_what_a_process_measures_of_itself_is_written_with_each_renewal(storage: Storage) -> None:
    asked = count()

    def told() -> int:
        return int(storage.value("SELECT (measures ->> 'asked')::int FROM headrace.workers"))

    with beating(storage, measure=lambda: {"asked": next(asked), "holder": "x"}):
        first = told()
        wait_until(lambda: told() >= first + 2, "newer measures are there")
        measures = storage.value("SELECT measures FROM headrace.workers")

    assert measures["holder"] == "x"
    assert abs(measures["clock_offset_seconds"]) < 5
    assert datetime.fromisoformat(measures["renewed_at"]) <= utc_now() + timedelta(seconds=5)
