"""Indices that a pipeline names beside the first."""

from headrace.domain.query import Phrase
from headrace.search.port import Listed, Refused, SearchCopy, Written
from tests.search.places import MONTH, Place, document, id_after, tombstone


async def test_a_named_index_has_the_event_too(place: Place, further: str) -> None:
    named, other = document(indices=(further,), words="here"), document(words="here")
    await place.add(named, other)
    assert await place.found(Phrase(("here",)), index=further) == [named.event_id]
    assert set(await place.found()) == {named.event_id, other.event_id}
    assert await place.found(index=further, tenant="other") == []


async def test_an_index_that_nobody_named_has_nothing(place: Place, further: str) -> None:
    await place.add(document())
    assert await place.found(index=further) == []


async def test_what_is_gone_is_gone_there_too(place: Place, further: str) -> None:
    one = document(indices=(further,))
    await place.add(one)
    await place.add(tombstone(one.event_id))
    assert await place.found(index=further) == []


async def test_a_later_result_that_names_it_no_longer_is_not_there(place: Place, further: str) -> None:
    one = document(indices=(further,))
    await place.add(one)
    await place.add(document(one.event_id, 4))
    assert await place.found(index=further) == []
    assert await place.found() == [one.event_id]
    await place.add(document(one.event_id, 6, indices=(further,)))
    assert await place.found(index=further) == [one.event_id]


async def test_what_is_ahead_is_overwritten_there_too(place: Place, further: str) -> None:
    one = document(version=8, indices=(further,), words="ahead")
    await place.add(one)
    assert await place.overwrite(document(one.event_id, 4, indices=(further,), words="right")) == [Written()]
    await place.copy.parts()
    assert await place.found(Phrase(("right",)), index=further) == [one.event_id]


async def test_it_is_compared_too(place: Place, copy: SearchCopy, further: str) -> None:
    one, other = document(indices=(further,)), document(id_after(1))
    await place.add(one, other)
    assert list(await copy.differing([one, other])) == []
    unnamed, named = document(one.event_id), document(other.event_id, indices=(further,))
    assert set(await copy.differing([unnamed, named])) == {one.event_id, other.event_id}


async def test_it_is_listed_and_counted_apart(place: Place, copy: SearchCopy, further: str) -> None:
    one, other, gone = document(indices=(further,)), document(id_after(1)), document(indices=(further,))
    assert await copy.further(MONTH) == {}
    await place.add(one, other, gone)
    await place.add(tombstone(gone.event_id))
    assert await copy.further(MONTH) == {further: 1}
    assert await copy.further("2026.12") == {}
    assert list(await copy.list_page(MONTH, None, 10, further)) == [Listed(one.event_id, 2, str(one.event_id))]
    assert list(await copy.list_page(MONTH, one.event_id, 10, further)) == []
    assert list(await copy.list_page(MONTH, None, 10, f"{further}x")) == []
    assert list(await copy.list_strangers(MONTH, 10, further)) == []
    assert copy.may_be_further(further)


async def test_it_is_rebuilt_with_its_month(place: Place, copy: SearchCopy, further: str) -> None:
    stays, leaves, arrives = document(indices=(further,)), document(indices=(further,)), document()
    await place.add(stays, leaves, arrives)
    await copy.begin_rebuild(MONTH, 7)
    await place.build(7, stays, document(leaves.event_id), document(arrives.event_id, indices=(further, f"{further}x")))
    assert set(await place.found(index=further)) == {stays.event_id, leaves.event_id}
    await copy.finish_rebuild(MONTH, 7, 2)
    assert set(await place.found(index=further)) == {stays.event_id, arrives.event_id}
    assert await place.found(index=f"{further}x") == [arrives.event_id]
    assert set(await place.found()) == {stays.event_id, leaves.event_id, arrives.event_id}


async def test_tombstones_are_buried_there_too(place: Place, copy: SearchCopy, further: str) -> None:
    one = document(indices=(further,))
    await place.add(one)
    await place.add(tombstone(one.event_id))
    assert await copy.bury(0.0) >= 1
    assert await copy.bury(0.0) == 0


async def test_a_name_that_no_index_can_have_is_refused_and_the_event_found_without_it(place: Place) -> None:
    for name in ("No Index", "a,b", "*", "_all", ""):
        one = document(id_after(1), indices=(name,), words="found")
        [outcome] = await place.write(one)
        assert isinstance(outcome, Refused)
        await place.copy.parts()
        assert one.event_id in await place.found(Phrase(("found",)))
        assert await place.found(index=name or "?") == []
