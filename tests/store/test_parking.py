"""Setting aside what no live worker takes, and bringing it back."""

from datetime import timedelta
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.domain.settle import Parked
from headrace.domain.states import Reason
from headrace.store.database import Database
from headrace.store.parking import Served, Serving, park, unpark
from headrace.store.pausing import Paused
from headrace.store.runs import FORMAT
from tests.support.steps import TYPE, accept, accept_many, claim, new_event, store
from tests.support.storage import Storage


def serving(served: Served, paused: Paused = Paused(), format_: int = FORMAT) -> Serving:  # noqa: B008  # frozen
    """What workers of one release take in their queues."""
    return Serving(served, dict.fromkeys(served, format_), paused)


async def set_aside(database: Database, *types: str, most: int = 100) -> int:
    """Set aside what no worker of these types takes."""
    return await set_aside_but(database, serving({"default": {name: ["1"] for name in types}}), most=most)


async def set_aside_but(database: Database, what: Serving, *, most: int = 100) -> int:
    async with database.connection() as connection:
        return await park(connection, database, "default", what, most)


async def bring_back(database: Database, what: Served | Serving, *, most: int = 100) -> int:
    async with database.connection() as connection:
        return await unpark(connection, database, "default", what if isinstance(what, Serving) else serving(what), most)


async def parked_for_its_schema(storage: Storage, database: Database, schema_hash: str) -> UUID:
    [event_id] = await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    await store(database, Parked(run, Reason.SCHEMA_MISMATCH, schema_hash))
    return event_id


async def test_due_runs_of_other_types_are_set_aside(storage: Storage, database: Database) -> None:
    known, unknown = new_event(), new_event("unheard.of")
    await accept(database, known, unknown, new_event("unheard.of", queue="slow"))

    assert await set_aside(database, TYPE, "another") == 1

    row = storage.run(unknown.id)
    assert (row["state"], row["reason"], row["rank"]) == ("waiting", "no-pipeline", None)
    assert storage.run(known.id)["state"] == "queued"
    assert await set_aside(database, TYPE) == 0


async def test_only_the_head_of_the_queue_is_looked_at(storage: Storage, database: Database) -> None:
    await accept_many(database, 3)
    await accept_many(database, 2, "unheard.of")

    assert await set_aside(database, TYPE, most=4) == 1
    assert await set_aside(database, TYPE, most=5) == 1


async def test_where_nothing_is_served_all_are_set_aside_but_what_is_held(storage: Storage, database: Database) -> None:
    await accept_many(database, 3)
    [held] = await claim(database, storage.add_worker(), most=1)

    assert await set_aside(database) == 2
    assert storage.run(held.event_id)["state"] == "running"


async def test_they_come_back_in_their_old_order_when_a_worker_serves_their_type(
    storage: Storage, database: Database
) -> None:
    [old] = await accept_many(database, 1)
    await set_aside(database)
    [young] = await accept_many(database, 1)

    assert await bring_back(database, {"default": {"another": ["1"]}}) == 0
    assert await bring_back(database, {"slow": {TYPE: ["1"]}}) == 0
    assert await bring_back(database, {"default": {TYPE: ["1"]}}) == 1

    row = storage.run(old)
    assert (row["state"], row["reason"]) == ("queued", None)
    worker = storage.add_worker()
    assert [run.event_id for run in await claim(database, worker, most=1)] == [old]
    assert [run.event_id for run in await claim(database, worker, most=1)] == [young]


async def test_a_replay_of_an_old_event_comes_back_behind_what_is_due(storage: Storage, database: Database) -> None:
    [old] = await accept(database, new_event(id=new_id(utc_now() - timedelta(days=5))))
    storage.rows("UPDATE headrace.runs SET run_number = 2")
    await set_aside(database)
    [young] = await accept_many(database, 1)

    assert await bring_back(database, {"default": {TYPE: ["1"]}}) == 1

    worker = storage.add_worker()
    assert [run.event_id for run in await claim(database, worker, most=1)] == [young]
    assert [run.event_id for run in await claim(database, worker, most=1)] == [old]


async def test_they_come_back_in_chunks(storage: Storage, database: Database) -> None:
    await accept_many(database, 5)
    await set_aside(database)
    served = {"default": {TYPE: ["1"]}}

    assert [await bring_back(database, served, most=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_an_event_that_does_not_fit_comes_back_for_another_schema_only(
    storage: Storage, database: Database
) -> None:
    event_id = await parked_for_its_schema(storage, database, "old")

    assert await bring_back(database, {"default": {TYPE: ["old"]}}) == 0
    assert await bring_back(database, {"default": {"another": ["new"]}}) == 0
    assert await bring_back(database, {"default": {TYPE: ["new", "old"]}}) == 1
    assert storage.states([event_id]) == ["queued"]


async def test_runs_that_wait_for_something_else_stay(storage: Storage, database: Database) -> None:
    own, retried = new_event(task="my.task"), new_event()
    await accept(database, own, retried)
    storage.rows(
        "UPDATE headrace.runs SET state = 'waiting', reason = 'retry', rank = now() + interval '1 h' "
        "WHERE event_id = %s",
        retried.id,
    )

    assert await set_aside(database) == 0
    assert await bring_back(database, {"default": {TYPE: ["1"]}}) == 0
