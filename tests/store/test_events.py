"""Storing what was accepted, and doing it again."""

from datetime import timedelta

import pytest
from psycopg.errors import DataError

from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent
from headrace.domain.ids import new_id
from headrace.store.body import unpack
from headrace.store.database import Database
from headrace.store.events import insert_events
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.storage import Storage


async def test_an_event_is_stored_whole_with_a_run_and_a_tally(storage: Storage, database: Database) -> None:
    event = NewEvent(
        id=new_id(),
        type="order.paid",
        body=b'{"type": "order.paid", "amount": 1.50}',
        queue="slow",
        source="shop",
        subject="17",
        match_key="17",
        parent_id=new_id(),
        trace="00-ab-cd-01",
        headers={"x-a": "1"},
        release="r1",
    )

    await accept(database, event)

    row = storage.row("SELECT * FROM headrace.events")
    assert unpack(row["body"]) == event.body
    fields = ("id", "tenant", "type", "source", "subject", "match_key", "parent_id", "trace", "headers")
    assert {name: row[name] for name in fields} == {name: getattr(event, name) for name in fields}
    run = storage.run(event.id)
    assert (run["type"], run["queue"], run["state"], run["reason"], run["owner"]) == (
        "order.paid",
        "slow",
        "queued",
        None,
        None,
    )
    assert (run["run_number"], run["epoch"], run["attempt"], run["release"]) == (1, 1, 0, "r1")
    assert storage.rows("SELECT state, delta FROM headrace.tallies") == [("accepted", 1)]


async def test_an_event_for_later_waits_and_is_claimed_when_its_time_has_come(
    storage: Storage, database: Database
) -> None:
    later = utc_now() + timedelta(days=2)
    passed, waiting = await accept(
        database, new_event(deliver_at=utc_now() - timedelta(days=2)), new_event(deliver_at=later)
    )

    assert [storage.run(event_id)["state"] for event_id in (passed, waiting)] == ["queued", "waiting"]
    assert (storage.run(waiting)["reason"], storage.run(waiting)["rank"]) == ("delay", later)
    assert [run.event_id for run in await claim(database, storage.add_worker())] == [passed]

    storage.rows("UPDATE headrace.runs SET rank = now() WHERE event_id = %s", waiting)
    assert [run.event_id for run in await claim(database, storage.add_worker())] == [waiting]


async def test_the_same_ids_again_are_stored_once(storage: Storage, database: Database) -> None:
    first, second = new_event(), new_event()
    await accept(database, first)

    async with database.connection() as connection:
        new = await insert_events(connection, database, [first, second])

    assert new == {second.id}
    assert storage.value("SELECT count(*) FROM headrace.runs") == 2
    assert storage.value("SELECT sum(delta) FROM headrace.tallies") == 2


async def test_an_event_stored_again_after_its_end_gets_no_second_run(storage: Storage, database: Database) -> None:
    event = new_event()
    await accept(database, event)
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))

    await accept(database, event)

    assert storage.states([event.id]) == ["succeeded"]
    assert storage.value("SELECT count(*) FROM headrace.runs") == 0
    assert storage.rows("SELECT state, delta FROM headrace.tallies ORDER BY id") == [
        ("accepted", 1),
        ("succeeded", 1),
    ]


async def test_one_bad_event_of_a_statement_stores_none(storage: Storage, database: Database) -> None:
    with pytest.raises(DataError):
        await accept(database, new_event(), new_event("with a \0"))

    assert storage.value("SELECT count(*) FROM headrace.events") == 0
    assert storage.value("SELECT count(*) FROM headrace.tallies") == 0


async def test_an_event_for_a_task_of_the_users_own_is_never_due(storage: Storage, database: Database) -> None:
    event = new_event(task="my.task")

    await accept(database, event)

    run = storage.run(event.id)
    assert (run["state"], run["reason"], run["task"]) == ("waiting", "own-task", "my.task")
    assert await claim(database, storage.add_worker()) == []


async def test_a_run_is_due_from_the_moment_that_its_event_is_stored(storage: Storage, database: Database) -> None:
    [event_id] = await accept(database, new_event(id=new_id(utc_now().replace(year=2099))))

    assert storage.value("SELECT rank <= now() FROM headrace.runs WHERE event_id = %s", event_id)
