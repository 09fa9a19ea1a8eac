"""Erasure: nothing of an event is left in any table, and nothing comes back."""

import asyncio
from dataclasses import replace
from uuid import UUID

import orjson
from psycopg.sql import SQL, Identifier

from headrace.domain.clock import utc_now
from headrace.domain.event import NewEvent, Run
from headrace.domain.idempotency import idempotency_of
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Progress
from headrace.domain.settle import Finished
from headrace.domain.states import EventState, Reason
from headrace.store.body import pack
from headrace.store.database import Database
from headrace.store.erasing import erase
from headrace.store.notes import Note, insert_notes
from headrace.store.projections import refuse
from headrace.store.replaying import replay
from headrace.store.settle import settle
from tests.support.steps import accept, accept_many, claim, hold_finished, new_event, output, store, succeeded
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: What no table may hold afterwards: something that an event says, and what it has become on the way.
SECRET = "Ada Lovelace, 12 St James's Square"

#: Tables that have an event as long as it is unfinished, and the search copy, which is told by the outbox.
ELSEWHERE = {"runs", "documents"}

_TABLES_OF_EVENTS = """
SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (a.attname = 'event_id' OR c.relname = 'events')
"""

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p')"

_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


def tables_with(storage: Storage, text: str) -> set[str]:
    """The tables, partitions among them, a row of which has a text, or bytes written as hexadecimal digits."""
    names = [name for (name,) in storage.rows(_TABLES, storage.schema)]
    select = SQL("SELECT count(*) FROM {} AS t WHERE strpos(t::text, %s) > 0")
    return {
        name for name in names if storage.rows(select.format(Identifier(storage.schema, name)).as_string(), text)[0][0]
    }


def without_partitions(names: set[str]) -> set[str]:
    """Partitions under the names of their tables."""
    return {name.split("_2")[0].removesuffix("_default") for name in names}


def telling_event() -> NewEvent:
    """An event that says the secret wherever it can."""
    event = new_event(text=SECRET)
    return replace(
        event,
        source=SECRET,
        subject=SECRET,
        match_key=SECRET,
        trace=SECRET,
        headers={"x-name": SECRET},
        idempotency=idempotency_of("key", "/events", event.body),
    )


def told(run: Run) -> Finished:
    """It failed, and what it leaves has the secret."""
    text = orjson.dumps(SECRET)
    progress = Progress(checkpoints=(output("look", text.decode()),), logged=b"[" + text + b"]")
    error = ErrorReport("ValueError", SECRET, "bad-name")
    return Finished(run, EventState.FAILED, b'{"nodes":' + text + b"}", error, "reply", Reason.NODE_FAILED, progress)


async def lived(storage: Storage, database: Database) -> NewEvent:
    """A finished event that was replayed and has left a row wherever an event can."""
    event = telling_event()
    await accept(database, event)
    worker = storage.add_worker()
    [run] = await claim(database, worker)
    await store(database, told(run))
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [event.id], goes_on=True)
    [run] = await claim(database, worker)
    await store(database, told(run))
    async with database.connection() as connection:
        await insert_notes(connection, database, [note_of(run)])
        await refuse(connection, database, [(event.id, 4, SECRET)], "fingerprint")
    storage.rows("INSERT INTO headrace.projections (event_id, version) VALUES (%s, 4)", event.id)
    storage.rows(
        "INSERT INTO headrace.cancellations (event_id, run_number, actor) VALUES (%s, 2, %s)", event.id, SECRET
    )
    storage.rows(
        "INSERT INTO headrace.waits (event_id, node, reason, tenant, type, match_key)"
        " VALUES (%s, 'reply', 'wait', 'default', 'letter', %s)",
        event.id,
        SECRET,
    )
    storage.rows("INSERT INTO headrace.ticks VALUES (gen_random_uuid(), now(), %s)", event.id)
    return event


def note_of(run: Run) -> Note:
    return Note(run, "reply", orjson.dumps(SECRET), utc_now())


async def erased(database: Database, *ids: UUID) -> list[UUID]:
    """Erase events as an operator does; returns those that were."""
    async with database.connection() as connection, connection.transaction():
        return await erase(connection, database, await hold_finished(connection, database, ids))


async def test_no_row_and_no_byte_of_an_event_is_left_in_any_table(storage: Storage, database: Database) -> None:
    event = await lived(storage, database)
    of_events = {name for (name,) in storage.rows(_TABLES_OF_EVENTS, storage.schema)}
    assert without_partitions(tables_with(storage, str(event.id))) == of_events - ELSEWHERE
    traces = [SECRET, orjson.dumps(SECRET).decode()[1:-1], pack(event.body).hex()]
    assert event.idempotency is not None
    traces += [event.idempotency.key_hash.hex(), event.idempotency.body_hash.hex()]
    assert all(tables_with(storage, trace) for trace in traces)

    assert await erased(database, event.id) == [event.id]

    assert {trace for trace in traces if tables_with(storage, trace)} == set()
    assert tables_with(storage, str(event.id)) == {"projections"}
    assert storage.rows("SELECT version FROM headrace.projections WHERE event_id = %s", event.id) == [(5,)]


async def test_an_erased_event_is_told_to_the_search_copy_also_where_nothing_waited(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept_many(database, 1)
    await store(database, *map(succeeded, await claim(database, storage.add_worker())))
    storage.rows("DELETE FROM headrace.projections")

    await erased(database, event_id)

    assert storage.rows("SELECT event_id, version FROM headrace.projections") == [(event_id, 3)]


async def test_others_stay_as_they_are_and_children_too(storage: Storage, database: Database) -> None:
    first, other = await accept_many(database, 2)
    child = replace(new_event(), parent_id=first)
    runs = {run.event_id: run for run in await claim(database, storage.add_worker())}
    await store(database, replace(succeeded(runs[first]), emitted=[child]), succeeded(runs[other]))

    assert await erased(database, first) == [first]

    assert storage.states([first, other, child.id]) == ["gone", "succeeded", "queued"]
    assert set(storage.rows("SELECT id, parent_id FROM headrace.events")) == {(other, None), (child.id, first)}


async def test_what_is_not_finished_or_not_there_is_not_erased(storage: Storage, database: Database) -> None:
    queued, running = await accept_many(database, 2)
    await claim(database, storage.add_worker(), most=1)

    assert await erased(database, queued, running, new_event().id) == []

    assert storage.value("SELECT count(*) FROM headrace.events") == 2


async def test_a_key_that_an_erased_event_had_is_free_again(storage: Storage, database: Database) -> None:
    event = telling_event()
    await accept(database, event)
    await store(database, *map(succeeded, await claim(database, storage.add_worker())))
    await erased(database, event.id)

    await accept(database, again := replace(event, id=new_event().id))

    assert storage.rows("SELECT event_id FROM headrace.idempotency") == [(again.id,)]
    assert storage.states([again.id]) == ["queued"]


async def test_a_note_that_comes_while_its_event_is_erased_is_left_out(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))

    async with database.connection() as connection, database.connection() as other:
        async with connection.transaction():
            await erase(connection, database, await hold_finished(connection, database, [run.event_id]))
            noting = asyncio.create_task(insert_notes(other, database, [note_of(run)]))
            await eventually(lambda: storage.value(_WAITING), "the note waits for the result")
        await noting

    assert storage.rows("SELECT FROM headrace.notes") == []


async def test_an_erasure_waits_for_a_note_that_is_on_its_way(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))

    async with database.connection() as connection:
        async with connection.transaction():
            await insert_notes(connection, database, [note_of(run)])
            erasing = asyncio.create_task(erased(database, run.event_id))
            await eventually(lambda: storage.value(_WAITING), "the erasure waits for the result")
        await erasing

    assert storage.rows("SELECT FROM headrace.notes") == []


async def test_a_note_that_comes_while_its_run_ends_is_kept(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())

    async with database.connection() as connection, database.connection() as other:
        async with connection.transaction():
            await settle(connection, database, [succeeded(run)], utc_now(), "release-1")
            noting = asyncio.create_task(insert_notes(other, database, [note_of(run)]))
            await eventually(lambda: storage.value(_WAITING), "the note waits for the run")
        await noting

    assert storage.rows("SELECT note FROM headrace.notes") == [(SECRET,)]


async def test_a_refusal_that_is_noted_meanwhile_is_erased_too(storage: Storage, database: Database) -> None:
    [event_id] = await accept_many(database, 1)
    await store(database, *map(succeeded, await claim(database, storage.add_worker())))

    async with database.connection() as connection:
        async with connection.transaction():
            await refuse(connection, database, [(event_id, 2, SECRET)], "fingerprint")
            erasing = asyncio.create_task(erased(database, event_id))
            await eventually(lambda: storage.value(_WAITING), "the erasure waits for the outbox")
        await erasing

    assert storage.rows("SELECT FROM headrace.refusals") == []
    assert storage.rows("SELECT event_id, version FROM headrace.projections") == [(event_id, 3)]
