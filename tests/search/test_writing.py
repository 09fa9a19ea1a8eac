"""What a copy takes and keeps: the newest version of each event."""

from headrace.domain.query import Term
from headrace.search.port import SearchCopy, Superseded, Written
from tests.search.places import MONTH, Place, document, id_after, tombstone


async def test_outcomes_come_in_the_order_of_the_entries(place: Place) -> None:
    old, new = document(version=4), document()
    await place.add(old)
    assert await place.write(new, document(old.event_id), tombstone(id_after(1))) == [
        Written(),
        Superseded(),
        Written(),
    ]


async def test_an_empty_batch_is_nothing(place: Place) -> None:
    assert list(await place.write()) == []
    assert list(await place.overwrite()) == []


async def test_an_older_version_does_not_take_the_place_of_a_newer_one(place: Place) -> None:
    newer = document(version=4, terms=("payload.n:4",))
    await place.add(newer)
    assert await place.write(document(newer.event_id, 2, terms=("payload.n:2",))) == [Superseded()]
    await place.copy.parts()
    assert await place.found(Term(("payload.n:4",))) == [newer.event_id]
    assert await place.found(Term(("payload.n:2",))) == []


async def test_a_newer_version_takes_the_place_of_an_older_one(place: Place) -> None:
    older = document(terms=("payload.n:2",))
    await place.add(older)
    await place.add(document(older.event_id, 4, terms=("payload.n:4",)))
    assert await place.found() == [older.event_id]
    assert await place.found(Term(("payload.n:2",))) == []
    assert await place.versions() == {older.event_id: 4}


async def test_the_same_version_is_written_again(place: Place) -> None:
    once = document(terms=("payload.n:1",))
    await place.add(once)
    await place.add(document(once.event_id, terms=("payload.n:2",)))
    assert await place.found(Term(("payload.n:2",))) == [once.event_id]


async def test_a_tombstone_hides_the_event_also_from_a_late_older_write(place: Place) -> None:
    once = document()
    await place.add(once)
    await place.add(tombstone(once.event_id))
    assert await place.found() == []
    assert await place.versions() == {}
    assert await place.write(once) == [Superseded()]
    await place.add(document(once.event_id, 4))
    assert await place.found() == [once.event_id]


async def test_a_tombstone_of_an_event_that_was_never_there_holds_off_a_late_write(place: Place) -> None:
    once = document()
    await place.add(tombstone(once.event_id))
    assert await place.write(once) == [Superseded()]


async def test_tombstones_are_buried_when_they_are_old(place: Place) -> None:
    gone, there = document(id_after(0)), document(id_after(1))
    await place.add(gone, there)
    await place.add(tombstone(gone.event_id))
    assert await place.copy.bury(3600.0) == 0
    assert await place.copy.bury(0.0) == 1
    assert await place.copy.bury(0.0) == 0
    assert await place.found() == [there.event_id]
    await place.add(document(gone.event_id, 6))
    assert await place.found() == [there.event_id, gone.event_id]


async def test_what_is_ahead_is_overwritten(place: Place) -> None:
    ahead, missing = document(version=8), document()
    await place.add(ahead)
    assert await place.overwrite(document(ahead.event_id, 4), missing) == [Written(), Written()]
    await place.copy.parts()
    assert await place.versions() == {ahead.event_id: 4, missing.event_id: 2}
    assert await place.overwrite(tombstone(ahead.event_id, 5)) == [Written()]
    await place.copy.parts()
    assert await place.found() == [missing.event_id]


async def test_versions_go_on_from_an_overwritten_one(place: Place) -> None:
    ahead = document(version=8)
    await place.add(ahead)
    await place.overwrite(document(ahead.event_id, 4))
    # It may still answer that it is ahead; then it is overwritten once more.
    if await place.write(document(ahead.event_id, 6)) == [Superseded()]:
        assert await place.overwrite(document(ahead.event_id, 6)) == [Written()]
    assert await place.versions() == {ahead.event_id: 6}


async def test_one_batch_goes_to_all_months(place: Place) -> None:
    november, december = document(id_after()), document(id_after(30 * 86_400))
    await place.add(november, december)
    assert await place.found() == [december.event_id, november.event_id]
    assert [part.month for part in await place.copy.parts()] == [MONTH, "2026.12"]


async def test_preparing_again_leaves_what_is_there(place: Place, copy: SearchCopy) -> None:
    once = document()
    await place.add(once)
    await copy.prepare([MONTH, MONTH, "2026.12"])
    assert await place.found() == [once.event_id]
