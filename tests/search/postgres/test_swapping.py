"""A new part takes the place of the one that readers see, while others read and write."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from headrace.domain.query import Phrase, Query
from headrace.errors import CopyAway
from headrace.search.port import Search, Superseded, Written
from headrace.search.postgres.copy import PostgresCopy
from headrace.store.database import Database
from headrace.store.parts import MOST_DROPPED
from tests.search.places import MONTH, Place, document, id_after, tombstone
from tests.support.pooler import running_pooler
from tests.support.storage import Storage
from tests.support.waiting import eventually

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, 'FOR SHARE') > 0
"""

_SETTINGS = """
SELECT current_setting('enable_seqscan'), current_setting('enable_indexscan'), current_setting('statement_timeout'),
       current_setting('lock_timeout')
"""

_SWAP = "UPDATE headrace.parts SET part = building, building = NULL"


@pytest.fixture
def place(postgres18_place: Place) -> Place:
    return postgres18_place


async def test_what_is_written_while_parts_are_swapped_is_in_what_readers_see(place: Place) -> None:
    old = [document(id_after(second)) for second in range(20)]
    await place.add(*old)
    written: list[UUID] = []
    generations: dict[str, int] = {}
    finished = asyncio.Event()

    async def write_on() -> None:
        while not finished.is_set():
            one = document(id_after(100))
            assert await place.write(one, rebuilding=dict(generations)) == [Written()]
            written.append(one.event_id)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write_on())
        for generation in range(2, 8):
            await place.copy.begin_rebuild(MONTH, generation)
            generations[MONTH] = generation
            await _grows(written)
            await place.build(generation, *old, *(document(event_id) for event_id in written))
            await place.copy.finish_rebuild(MONTH, generation, 1)
        finished.set()

    expected = {each.event_id for each in old} | set(written)
    listed = await place.copy.list_page(MONTH, None, 10_000)
    assert {each.event_id for each in listed} == expected
    assert [part.documents for part in await place.copy.parts()] == [len(expected)]


async def _grows(written: Sequence[UUID]) -> None:
    """Return when a write that was begun by now has ended, and another one."""
    before = len(written)
    await eventually(lambda: len(written) > before + 1, "the writer goes on")


async def test_a_write_that_meets_a_swap_goes_to_the_new_part(place: Place, copy18_storage: Storage) -> None:
    late = document(id_after(1))
    await place.add(document())
    await place.copy.begin_rebuild(MONTH, 2)
    with (
        psycopg.connect(copy18_storage.services.migrate_database_url) as swapping,
        psycopg.connect(copy18_storage.superuser_url, autocommit=True) as observer,
    ):
        swapping.execute(copy18_storage.sql(_SWAP))
        writing = asyncio.create_task(place.write(late))
        await eventually(lambda: observer.execute(_WAITING).fetchall() == [(1,)], "the writer waits")
        assert late.event_id not in await place.found()
        swapping.commit()
        assert await writing == [Written()]
    assert await place.found() == [late.event_id]


async def test_a_part_that_was_never_begun_takes_no_place(place: Place) -> None:
    one = document()
    await place.add(one)
    with pytest.raises(CopyAway, match="no longer"):
        await place.copy.finish_rebuild(MONTH, 9, 1)
    assert await place.found() == [one.event_id]


async def test_another_part_that_is_being_built_stays_when_one_is_finished(place: Place) -> None:
    one = document()
    await place.add(one)
    await place.copy.begin_rebuild(MONTH, 2)
    await place.build(2, one)
    await place.copy.finish_rebuild(MONTH, 2, 1)
    await place.copy.begin_rebuild(MONTH, 3)
    await place.build(3, one)
    await place.copy.finish_rebuild(MONTH, 2, 1)
    await place.copy.finish_rebuild(MONTH, 3, 1)
    assert await place.found() == [one.event_id]


async def test_what_readers_saw_before_leaves_no_row(place: Place, copy18_storage: Storage) -> None:
    documents = [document(id_after(second)) for second in range(MOST_DROPPED + 10)]
    await place.add(*documents)
    await place.copy.begin_rebuild(MONTH, 2)
    await place.build(2, *documents[:5])
    await place.copy.finish_rebuild(MONTH, 2, 1)
    assert copy18_storage.value("SELECT count(*) FROM headrace.documents") == 5


async def test_all_goes_by_way_of_a_pooler_and_leaves_its_connections_as_they_were(
    copy18_storage: Storage, tmp_path: Path
) -> None:
    one, other = document(words="here"), document(id_after(1), words="there")
    with running_pooler(copy18_storage.services.database_url, tmp_path) as url:
        database = Database(lambda: url, schema=copy18_storage.schema, pooler="transaction", connections=2)
        await database.open()
        copy = PostgresCopy(database)
        assert await copy.write([one, other], 1, {}) == [Written()] * 2
        await copy.begin_rebuild(MONTH, 3)
        assert await copy.write([tombstone(other.event_id)], 2, {MONTH: 3}) == [Written()]
        assert await copy.build([one, other], 3, MONTH, 3) == [Written(), Superseded()]
        await copy.finish_rebuild(MONTH, 3, 2)
        for _ in range(5):
            found = await copy.search(Search("acme", Query((Phrase(("here",)),)), 10, facets=True))
            assert list(found.ids) == [one.event_id]
        async with database.connection() as connection:
            assert await (await connection.execute(_SETTINGS)).fetchall() == [("on", "on", "0", "0")]
        await database.close()
    copy18_storage.clean()
