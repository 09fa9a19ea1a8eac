"""What is shown of one event beside its data and its result."""

from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.event import Run
from headrace.domain.ids import new_id, time_of
from headrace.domain.selection import Selection
from headrace.domain.states import EventState
from headrace.errors import NotFound
from headrace.flow.execute.notebook import Notebook
from headrace.flow.operate import Operator
from headrace.flow.operate.audited import AUDITED_IDS
from headrace.flow.read import EventView, Reader
from headrace.store.cancelling import cancel
from headrace.store.database import Database
from headrace.store.reading import NOTES
from headrace.store.replaying import replay
from tests.support.steps import (
    TYPE,
    accept,
    accept_many,
    awaiting,
    claim,
    new_event,
    output,
    paused,
    store,
    succeeded,
    suspended,
)
from tests.support.storage import Storage


async def claimed(storage: Storage, database: Database) -> Run:
    await accept_many(database, 1)
    storage.rows("UPDATE headrace.runs SET rank = now()")
    [run] = await claim(database, storage.add_worker())
    return run


async def shown(database: Database, event_id: UUID) -> EventView:
    return await Reader(database).get_event(event_id)


async def test_an_event_of_which_nothing_came_yet_has_empty_lists(database: Database) -> None:
    [event_id] = await accept(database, new_event())

    event = await shown(database, event_id)

    details = event.details
    lists = (details.notes, details.logs, details.children, details.waits, details.checkpoints)
    assert (event.parent_id, *lists) == (None, *[b"[]"] * 5)
    assert (details.past_results, details.cancellations) == (b"[]", b"[]")
    with pytest.raises(NotFound):
        await shown(database, new_id())


async def who_cancelled(database: Database, event_id: UUID) -> list[str]:
    details = (await shown(database, event_id)).details
    return [asked["actor"] for asked in orjson.loads(details.cancellations)]


async def test_a_cancelled_event_shows_who_did_it(storage: Storage, database: Database) -> None:
    async def act(name: str, selection: Selection) -> None:
        await Operator(database, lambda *_: None, name).cancel(selection)

    named, sent, other = await accept(database, new_event(), new_event(), new_event("other"))
    await act("by name", Selection(ids=[named]))
    await accept(database, *(new_event() for _ in range(AUDITED_IDS)))
    late = (await accept(database, new_event()))[0]
    await act("by type", Selection(types=[TYPE]))
    await act("the other", Selection(ids=[other]))

    assert await who_cancelled(database, named) == ["by name"]
    assert await who_cancelled(database, sent) == await who_cancelled(database, late) == ["by type"]
    assert await who_cancelled(database, other) == ["the other"]
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [named], goes_on=False)
    assert await who_cancelled(database, named) == []


async def test_who_asked_a_worker_to_cancel_is_told_when_it_is_done_too(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    await Operator(database, lambda *_: None, "tests").cancel(Selection(ids=[run.event_id]))

    assert await who_cancelled(database, run.event_id) == ["tests"]
    await store(database, replace(succeeded(run), state=EventState.CANCELLED))
    storage.rows("DELETE FROM headrace.cancellations")
    assert await who_cancelled(database, run.event_id) == ["tests"]


async def test_an_unfinished_event_shows_what_it_waits_for_and_what_is_kept(
    storage: Storage, database: Database
) -> None:
    run = await claimed(storage, database)
    checkpoints = [output("classify"), replace(output("each"), item=2)]
    await store(database, suspended(run, awaiting(), paused("nap"), checkpoints=checkpoints, logged=b'["one"]'))

    details = (await shown(database, run.event_id)).details

    assert orjson.loads(details.checkpoints) == [
        {"node": "classify", "item": None, "times": {"attempts": 1}, "output": 1},
        {"node": "each", "item": 2, "times": {"attempts": 1}, "output": None},
    ]
    nap, payment = orjson.loads(details.waits)
    assert (nap["node"], nap["reason"], nap["type"], nap["match_key"]) == ("nap", "sleep", None, None)
    assert nap["expires"] is not None
    assert (payment["type"], payment["match_key"], payment["expires"]) == ("order.paid", "17", None)
    assert orjson.loads(details.logs) == [{"run_number": 1, "attempt": 1, "lines": ["one"]}]


async def test_the_newest_notes_are_shown_in_their_order(storage: Storage, database: Database) -> None:
    run, notebook = await claimed(storage, database), Notebook(database, utc_now)
    for number in range(NOTES + 5):
        notebook.write(run, "classify", str(number).encode())
    await notebook.drained(10.0)

    notes = orjson.loads((await shown(database, run.event_id)).details.notes)

    assert [note["note"] for note in notes] == list(range(5, NOTES + 5))
    assert (notes[0]["node"], notes[0]["attempt"]) == ("classify", 1)


async def test_parents_and_children_know_each_other(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    moment = time_of(run.event_id)
    children = [replace(new_event("order.paid", id=new_id(moment)), parent_id=run.event_id) for _ in range(3)]
    stranger = new_event("order.paid", id=new_id(moment))
    await accept(database, stranger)
    await store(database, replace(succeeded(run), emitted=children))

    listed = orjson.loads((await shown(database, run.event_id)).details.children)

    assert {each["id"] for each in listed} == {str(each.id) for each in children}
    assert {each["type"] for each in listed} == {"order.paid"}
    assert (await shown(database, children[0].id)).parent_id == run.event_id
    assert {each["state"] for each in listed} == {"queued"}


async def test_a_replayed_event_shows_its_earlier_results_and_who_asked_to_cancel_it(
    storage: Storage, database: Database
) -> None:
    run = await claimed(storage, database)
    await store(database, succeeded(run))
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [run.event_id], goes_on=True)
    await claim(database, storage.add_worker())
    async with database.connection() as connection, connection.transaction():
        await cancel(connection, database, [run.event_id], "tests")

    details = (await shown(database, run.event_id)).details

    [past] = orjson.loads(details.past_results)
    assert (past["run_number"], past["epoch"], past["state"]) == (1, 1, "succeeded")
    assert (past["task_context"], past["error"]) == ({"nodes": {}}, None)
    assert [asked["actor"] for asked in orjson.loads(details.cancellations)] == ["tests"]
