"""Keeping the copy as Postgres has it: projected, watched, proved, rebuilt."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from headrace.domain.document import month_of
from headrace.domain.ids import new_id
from headrace.domain.making import MakingOptions
from headrace.domain.query import Phrase, Query
from headrace.flow.project.comparing import Kind
from headrace.flow.project.examining import Examiner
from headrace.flow.project.projector import Projector
from headrace.flow.project.rebuilding import rebuild
from headrace.flow.project.watching import Watch
from headrace.search.port import Search, SearchCopy
from headrace.store.database import Database
from headrace.store.replaying import replay
from tests.search.places import Place, document
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.storage import Storage
from tests.support.waiting import eventually

OPTIONS = MakingOptions()


async def finished(database: Database, storage: Storage, *subjects: str) -> list[UUID]:
    """Events of the present that are finished."""
    await accept(database, *(new_event(subject=subject) for subject in subjects))
    runs = await claim(database, storage.add_worker())
    await store(database, *(succeeded(run) for run in runs))
    return sorted(run.event_id for run in runs)


@asynccontextmanager
async def projecting(database: Database, copy: SearchCopy) -> AsyncIterator[None]:
    """A projector at work."""
    projector = Projector(database, copy, OPTIONS, lambda: 0.5)
    running = asyncio.create_task(projector.run())
    projector.wake(leads=True, waiting=True)
    try:
        yield
    finally:
        projector.stop()
        await running


async def caught_up(database: Database, storage: Storage, copy: SearchCopy) -> None:
    """Project until nothing waits."""
    async with projecting(database, copy):
        count = "SELECT count(*) FROM headrace.projections"
        await eventually(lambda: storage.value(count) == 0, "all is projected")
    await copy.parts()


async def found(copy: SearchCopy, *words: str) -> Sequence[UUID]:
    return (await copy.search(Search("default", Query((Phrase(words),)), 10))).ids


async def differences(database: Database, copy: SearchCopy) -> set[tuple[Kind, str]]:
    verdicts = Examiner(database, copy, OPTIONS, 1.0, lambda: 0.0).examine()
    return {(each.kind, each.name) async for verdict in verdicts for each in verdict.differences}


async def test_finished_events_are_found_and_nothing_waits(database: Database, storage: Storage, place: Place) -> None:
    [event_id] = await finished(database, storage, "an invoice")
    await caught_up(database, storage, place.copy)

    assert await found(place.copy, "an", "invoice") == [event_id]
    assert await found(place.copy, "receipt") == []
    assert await differences(database, place.copy) == set()


async def test_an_event_that_is_replayed_is_not_found_until_it_is_finished_again(
    database: Database, storage: Storage, place: Place
) -> None:
    ids = await finished(database, storage, "invoice")
    await caught_up(database, storage, place.copy)
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, ids, goes_on=False, redo=None)
    await caught_up(database, storage, place.copy)
    assert await found(place.copy, "invoice") == []

    [run] = await claim(database, storage.add_worker())
    await store(database, succeeded(run))
    await caught_up(database, storage, place.copy)
    assert await found(place.copy, "invoice") == ids
    assert await differences(database, place.copy) == set()


async def test_what_was_changed_behind_our_back_is_named_and_a_rebuild_mends_it(
    database: Database, storage: Storage, place: Place
) -> None:
    lost, changed, sound = await finished(database, storage, "first", "second", "third")
    await caught_up(database, storage, place.copy)
    stranger = new_id()
    await place.add(document(stranger))
    await place.behind.remove(lost)
    await place.behind.corrupt(changed)

    assert await differences(database, place.copy) == {
        (Kind.MISSING, str(lost)),
        (Kind.DIFFERENT, str(changed)),
        (Kind.STRANGER, str(stranger)),
    }

    steps = [step async for step in rebuild(database, place.copy, OPTIONS, month_of(sound))]
    assert [(step.done, step.total, step.refused) for step in steps] == [(3, 3, 0)]
    assert await differences(database, place.copy) == set()


async def test_the_watch_sees_what_is_missing_and_has_it_written_again(
    database: Database, storage: Storage, place: Place
) -> None:
    lost, _ = await finished(database, storage, "first", "second")
    await caught_up(database, storage, place.copy)
    await place.behind.remove(lost)

    await Watch(database, place.copy).look()
    await caught_up(database, storage, place.copy)

    assert await differences(database, place.copy) == set()
