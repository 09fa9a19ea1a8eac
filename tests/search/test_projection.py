"""Keeping the copy as Postgres has it: projected, watched, proved, rebuilt."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

import orjson
import psycopg
import pytest

from headrace.domain.document import Entry, month_of
from headrace.domain.ids import new_id
from headrace.domain.query import Phrase, Query
from headrace.flow.project.comparing import Kind
from headrace.flow.project.entries import read_waiting
from headrace.flow.project.examining import Examiner, FurtherCount, MonthVerdict
from headrace.flow.project.rebuilding import Rebuilder, begin
from headrace.flow.project.watching import Watch
from headrace.search.port import Search, SearchCopy, Superseded
from headrace.store.database import Database
from headrace.store.erasing import erase
from headrace.store.replaying import replay
from tests.search.places import Place, document
from tests.support.projecting import OPTIONS, caught_up
from tests.support.steps import accept, claim, hold_finished, new_event, store, succeeded
from tests.support.storage import Storage


async def finished(database: Database, storage: Storage, *subjects: str, indices: Sequence[str] = ()) -> list[UUID]:
    """Events of the present that are finished."""
    await accept(database, *(new_event(subject=subject) for subject in subjects))
    runs = await claim(database, storage.add_worker())
    context = orjson.dumps({"nodes": {}, "metadata": {"search": [{"index": index} for index in indices]}})
    await store(database, *(replace(succeeded(run), task_context=context) for run in runs))
    return sorted(run.event_id for run in runs)


async def erased(database: Database, event_id: UUID) -> None:
    async with database.connection() as connection, connection.transaction():
        await erase(connection, database, await hold_finished(connection, database, [event_id]))


async def waiting(database: Database, event_id: UUID) -> list[Entry]:
    """What would be written now."""
    async with database.connection() as connection:
        return [each.entry for each in await read_waiting(connection, database, [event_id], OPTIONS)]


async def found(copy: SearchCopy, *words: str, index: str | None = None) -> Sequence[UUID]:
    return (await copy.search(Search("default", Query((Phrase(words),)), 10, index=index))).ids


async def verdicts(database: Database, copy: SearchCopy) -> list[MonthVerdict]:
    steps = Examiner(database, copy, OPTIONS, 1.0, lambda: 0.0).examine()
    return [step async for step in steps if isinstance(step, MonthVerdict)]


async def differences(database: Database, copy: SearchCopy, index: str | None = None) -> set[tuple[Kind, str]]:
    """What differs in the first index, or in another one."""
    found = [each for verdict in await verdicts(database, copy) for each in verdict.differences]
    return {(each.kind, each.name) for each in found if each.index == index}


async def further_counts(database: Database, copy: SearchCopy) -> list[FurtherCount]:
    return [each for verdict in await verdicts(database, copy) for each in verdict.further]


async def rebuilt(database: Database, copy: SearchCopy, month: str, most: int | None = None) -> list[int]:
    """Rebuild a month event by event, or go on with that, and break it off after so many; how far it was each time."""
    await begin(database, copy, [month])
    seen: list[int] = []
    async with aclosing(Rebuilder(database, copy, OPTIONS, lambda: 0.5, page=1).rebuild(month)) as steps:
        async for step in steps:
            seen.append(step.done)
            if step.done == most:
                break
    return seen


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


async def test_an_event_that_was_erased_is_not_found_and_its_late_document_does_not_come_back(
    database: Database, storage: Storage, place: Place
) -> None:
    gone, stays = await finished(database, storage, "invoice one", "invoice two")
    [late] = await waiting(database, gone)
    await caught_up(database, storage, place.copy)

    await erased(database, gone)
    await caught_up(database, storage, place.copy)
    assert await found(place.copy, "invoice") == [stays]
    assert await place.write(late) == [Superseded()]
    await place.copy.parts()
    assert await found(place.copy, "invoice") == [stays]
    assert await differences(database, place.copy) == set()


@pytest.mark.parametrize("is_told_between", [True, False])
async def test_an_event_that_was_erased_and_comes_again_is_found_as_it_came_again(
    database: Database, storage: Storage, place: Place, further: str, is_told_between: bool
) -> None:
    [event_id] = await finished(database, storage, "old", indices=[further])
    await caught_up(database, storage, place.copy)
    assert await found(place.copy, "old", index=further) == [event_id]

    await erased(database, event_id)
    if is_told_between:
        await caught_up(database, storage, place.copy)
    await accept(database, new_event(id=event_id, subject="new"))
    await store(database, *map(succeeded, await claim(database, storage.add_worker())))
    await caught_up(database, storage, place.copy)

    assert await found(place.copy, "new") == [event_id]
    assert await found(place.copy, "old") == await found(place.copy, "old", index=further) == []
    assert await differences(database, place.copy) == set()

    await erased(database, event_id)
    await caught_up(database, storage, place.copy)
    assert await found(place.copy, "new") == []
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

    assert await rebuilt(database, place.copy, month_of(sound)) == [0, 1, 2, 3]
    assert await differences(database, place.copy) == set()


async def test_a_rebuild_that_was_broken_off_goes_on_where_it_was(
    database: Database, storage: Storage, place: Place
) -> None:
    first, *_ = await finished(database, storage, "first", "second", "third")
    await caught_up(database, storage, place.copy)
    assert await rebuilt(database, place.copy, month_of(first), most=2) == [0, 1, 2]
    await finished(database, storage, "fourth")
    await caught_up(database, storage, place.copy)

    assert await rebuilt(database, place.copy, month_of(first)) == [2, 3, 4]
    assert await differences(database, place.copy) == set()
    assert await rebuilt(database, place.copy, month_of(first)) == [0, 1, 2, 3, 4]


async def test_only_the_months_that_it_left_over_are_gone_on_with(database: Database, place: Place) -> None:
    months = ["2026.09", "2026.10", "2026.11"]
    assert await begin(database, place.copy, months) == months
    await place.add(document(words="kept"))
    _ = [step async for step in Rebuilder(database, place.copy, OPTIONS, lambda: 0.5).rebuild(months[0])]

    assert await begin(database, place.copy, months) == months[1:]
    assert await begin(database, place.copy, months[:1]) == months[:1]


async def test_a_rebuild_that_is_only_noted_holds_no_write_up(
    database: Database, storage: Storage, place: Place
) -> None:
    [event_id] = await finished(database, storage, "first")
    await begin(database, place.copy, [month_of(event_id)])
    await caught_up(database, storage, place.copy)

    assert await rebuilt(database, place.copy, month_of(event_id)) == [0, 1]
    assert await differences(database, place.copy) == set()


async def test_what_was_refused_of_a_rebuild_is_told_and_noted(
    database: Database, storage: Storage, elasticsearch_place: Place
) -> None:
    place = elasticsearch_place
    [event_id] = await finished(database, storage, "first", indices=["no-2026.11"])
    await caught_up(database, storage, place.copy)
    storage.rows("DELETE FROM headrace.refusals")

    await begin(database, place.copy, [month_of(event_id)])
    rebuilder = Rebuilder(database, place.copy, OPTIONS, lambda: 0.5)
    *_, last = [step async for step in rebuilder.rebuild(month_of(event_id))]
    assert last.refused == 1
    assert "no-2026.11" in (last.reason or "")
    await caught_up(database, storage, place.copy)
    assert storage.value("SELECT event_id FROM headrace.refusals") == event_id
    assert await differences(database, place.copy) == set()


async def test_further_indices_are_verified_both_ways(
    database: Database, storage: Storage, place: Place, further: str
) -> None:
    [lost, newer] = await finished(database, storage, "first", "second", indices=[further])
    [stranger] = await finished(database, storage, "third")
    await caught_up(database, storage, place.copy)
    assert await differences(database, place.copy) == set()
    assert [(each.index, each.expected, each.found) for each in await further_counts(database, place.copy)] == [
        (further, 2, 2)
    ]

    await place.add(
        document(lost, 4), document(newer, 4, indices=(further,)), document(stranger, 4, indices=(further,))
    )
    assert await differences(database, place.copy, further) == {
        (Kind.MISSING, str(lost)),
        (Kind.OTHER_VERSION, str(newer)),
        (Kind.STRANGER, str(stranger)),
    }
    await rebuilt(database, place.copy, month_of(lost))
    assert await differences(database, place.copy, further) == set()
    assert await differences(database, place.copy) == set()


async def test_the_watch_sees_what_is_missing_while_events_go_on_finishing(
    database: Database, storage: Storage, place: Place
) -> None:
    lost = await finished(database, storage, "first", "second", "third")
    await caught_up(database, storage, place.copy)
    watch = Watch(database, place.copy)
    await watch.look()
    for event_id in lost:
        await place.behind.remove(event_id)
    await finished(database, storage, "written since")
    await caught_up(database, storage, place.copy)
    await finished(database, storage, "waits to be written")

    await watch.look()
    await caught_up(database, storage, place.copy)

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


async def test_what_could_not_be_mended_at_one_look_is_mended_at_the_next(
    database: Database, storage: Storage, place: Place
) -> None:
    lost, _ = await finished(database, storage, "first", "second")
    await caught_up(database, storage, place.copy)
    await place.behind.remove(lost)
    watch = Watch(database, place.copy)

    storage.rows("REVOKE INSERT ON headrace.projections FROM headrace_app")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await watch.look()
    finally:
        storage.rows("GRANT INSERT ON headrace.projections TO headrace_app")
    await watch.look()
    await caught_up(database, storage, place.copy)

    assert await differences(database, place.copy) == set()
