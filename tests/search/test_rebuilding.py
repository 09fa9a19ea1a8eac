"""A month is built anew beside the one that readers see."""

import asyncio

from headrace.domain.query import Term
from headrace.search.port import SearchCopy, Superseded, Written
from tests.search.places import MONTH, Place, document, id_after, tombstone

GENERATION = 7


async def test_readers_see_the_new_place_once_it_is_whole(place: Place, copy: SearchCopy) -> None:
    right, surplus = document(terms=("payload.n:1",)), document()
    await place.add(right, surplus)
    await copy.begin_rebuild(MONTH, GENERATION)
    again = document(right.event_id, terms=("payload.n:2",))
    assert await place.build(GENERATION, again) == [Written()]
    await copy.parts()
    assert set(await place.found()) == {right.event_id, surplus.event_id}
    await copy.finish_rebuild(MONTH, GENERATION, 2)
    assert await place.found() == [right.event_id]
    assert await place.found(Term(("payload.n:2",))) == [right.event_id]
    assert [part.documents for part in await copy.parts()] == [1]


async def test_what_is_written_meanwhile_is_in_both(place: Place, copy: SearchCopy) -> None:
    old, gone, new = document(), document(), document()
    await place.add(old, gone)
    await copy.begin_rebuild(MONTH, GENERATION)
    rebuilding = {MONTH: GENERATION}
    assert set(await place.write(new, tombstone(gone.event_id), rebuilding=rebuilding)) == {Written()}
    await copy.parts()
    assert set(await place.found()) == {old.event_id, new.event_id}
    # The builder comes late with what it read before.
    assert await place.build(GENERATION, old, gone) == [Written(), Superseded()]
    await copy.finish_rebuild(MONTH, GENERATION, 2)
    assert set(await place.found()) == {old.event_id, new.event_id}


async def test_a_rebuild_that_was_broken_off_goes_on(place: Place, copy: SearchCopy) -> None:
    first, second = document(), document()
    await place.add(first, second)
    await copy.begin_rebuild(MONTH, GENERATION)
    await place.build(GENERATION, first)
    await copy.begin_rebuild(MONTH, GENERATION)
    await place.build(GENERATION, second)
    await copy.finish_rebuild(MONTH, GENERATION, 2)
    await copy.finish_rebuild(MONTH, GENERATION, 2)
    assert set(await place.found()) == {first.event_id, second.event_id}


async def test_it_says_whether_a_place_is_there(place: Place, copy: SearchCopy) -> None:
    await place.add(document())
    assert not await copy.is_building(MONTH, GENERATION)
    await copy.begin_rebuild(MONTH, GENERATION)
    assert await copy.is_building(MONTH, GENERATION)
    assert not await copy.is_building(MONTH, GENERATION + 1)
    await copy.finish_rebuild(MONTH, GENERATION, 2)
    assert not await copy.is_building(MONTH, GENERATION)


async def test_what_is_written_before_there_is_a_place_is_taken_all_the_same(place: Place) -> None:
    one = document()
    assert await place.write(one, rebuilding={MONTH: GENERATION}) == [Written()]
    await place.copy.parts()
    assert await place.found() == [one.event_id]


async def test_other_months_stay_as_they_are(place: Place, copy: SearchCopy) -> None:
    november, december = document(), document(id_after(30 * 86_400))
    await place.add(november, december)
    await copy.begin_rebuild(MONTH, GENERATION)
    await copy.finish_rebuild(MONTH, GENERATION, 2)
    assert await place.found() == [december.event_id]


async def test_the_new_place_is_written_to_and_rebuilt_as_the_old_one(place: Place, copy: SearchCopy) -> None:
    one = document()
    await place.add(one)
    for generation in (GENERATION, GENERATION + 1):
        await copy.begin_rebuild(MONTH, generation)
        await place.build(generation, one)
        await copy.finish_rebuild(MONTH, generation, 2)
    other = document()
    await place.add(other)
    assert set(await place.found()) == {one.event_id, other.event_id}


async def test_no_reader_meets_a_gap(place: Place, copy: SearchCopy) -> None:
    documents = [document(id_after(second)) for second in range(10)]
    await place.add(*documents)
    seen: list[int] = []
    finished = asyncio.Event()

    async def read() -> None:
        while not finished.is_set():
            seen.append(len(await place.found()))

    async with asyncio.TaskGroup() as readers:
        for _ in range(3):
            readers.create_task(read())
        for generation in range(GENERATION, GENERATION + 5):
            await copy.begin_rebuild(MONTH, generation)
            await place.build(generation, *documents)
            await copy.finish_rebuild(MONTH, generation, 2)
        finished.set()
    assert set(seen) == {10}
