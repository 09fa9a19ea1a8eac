"""Progress notes: stored soon, bounded, and never in anybody's way."""

import asyncio
from dataclasses import replace

from chaos.proxy import Proxy
from headrace.domain.clock import utc_now
from headrace.domain.event import Run
from headrace.domain.progress import Progress
from headrace.domain.settle import Released
from headrace.flow.execute.notebook import NOTES, Notebook
from headrace.store.database import Database
from tests.support.steps import accept_many, claim, store, succeeded
from tests.support.storage import Storage
from tests.support.waiting import eventually


async def claimed(storage: Storage, database: Database) -> Run:
    await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    return run


def notes(storage: Storage) -> list[object]:
    return [note for (note,) in storage.rows("SELECT note FROM headrace.notes ORDER BY written")]


async def test_notes_are_stored_in_their_order(storage: Storage, database: Database) -> None:
    run, notebook = await claimed(storage, database), Notebook(database, utc_now)

    for number in range(20):
        notebook.write(run, "classify", f'{{"done":{number}}}'.encode())
    await notebook.drained(10.0)

    assert notes(storage) == [{"done": number} for number in range(20)]
    assert storage.rows("SELECT DISTINCT event_id, attempt, node FROM headrace.notes") == [
        (run.event_id, 1, "classify")
    ]


async def test_the_last_notes_of_an_attempt_may_come_after_its_end(storage: Storage, database: Database) -> None:
    run, notebook = await claimed(storage, database), Notebook(database, utc_now)
    await store(database, succeeded(run))

    notebook.write(run, "classify", b"1")
    await notebook.drained(10.0)

    assert notes(storage) == [1]


async def test_an_attempt_after_which_another_began_leaves_no_note(storage: Storage, database: Database) -> None:
    run, notebook = await claimed(storage, database), Notebook(database, utc_now)
    await store(database, Released(run, Progress()))
    [again] = await claim(database, storage.add_worker())

    notebook.write(run, "classify", b"1")
    notebook.write(again, "classify", b"2")
    notebook.write(replace(again, run_number=2), "classify", b"3")
    await notebook.drained(10.0)

    assert notes(storage) == [2]


async def test_an_attempt_has_so_many_notes_and_no_more(storage: Storage, database: Database) -> None:
    run, notebook = await claimed(storage, database), Notebook(database, utc_now)

    for number in range(NOTES + 10):
        notebook.write(run, "classify", str(number).encode())
    await notebook.drained(10.0)
    assert len(notes(storage)) == NOTES

    notebook.close(run)
    notebook.write(run, "classify", b"-1")
    await notebook.drained(10.0)
    assert notes(storage)[-1] == -1


async def test_a_database_that_is_away_costs_notes_and_nothing_else(storage: Storage, database: Database) -> None:
    run = await claimed(storage, database)
    with Proxy(storage.services.database_url) as proxy:
        away = storage.open(proxy.url)
        await away.open()
        proxy.refuse()
        notebook = Notebook(away, utc_now)

        notebook.write(run, "classify", b"1")
        await notebook.drained(10.0)
        await away.close()

    assert notes(storage) == []


async def test_a_note_from_a_thread_is_kept_like_any_other(storage: Storage, database: Database) -> None:
    run, notebook = await claimed(storage, database), Notebook(database, utc_now)

    await asyncio.to_thread(notebook.write, run, "classify", b"1")

    await eventually(lambda: notes(storage) == [1], "the note is stored")
