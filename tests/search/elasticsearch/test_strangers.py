"""Documents that somebody else laid into the copy."""

import asyncio
from typing import Any

import pytest

from headrace.search.port import Listed, SearchCopy
from tests.search.behind import BehindElasticsearch
from tests.search.places import MONTH, Place, document, id_after

#: Ids of the month, and of the next one.
HERE, NEXT = "01a1cf33-2d00-7686-9c2b-ecf8cc2dfb50", "01a269b1-f500-7615-80a1-a627ae9807ad"


@pytest.fixture
def place(elasticsearch_place: Place) -> Place:
    return elasticsearch_place


async def strangers(copy: SearchCopy) -> list[Listed]:
    """Those that have a place in no page, and those that pages hold."""
    pages = await copy.list_page(MONTH, None, 10)
    return [*await copy.list_strangers(MONTH, 10), *(listed for listed in pages if listed.event_id is None)]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("odd", {"tenant": "acme"}),
        ("odd", {"id": "odd"}),
        ("odd", {"id": HERE}),
        (NEXT, {"id": NEXT}),
        ("odd", {"id": "ffffffff-ffff-ffff-ffff-ffffffffffff"}),
        ("odd", {"id": HERE.upper()}),
    ],
)
async def test_a_stranger_is_listed_by_its_name(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch, name: str, body: dict[str, Any]
) -> None:
    proper = document()
    await place.add(proper)
    await behind.client.index(index=f"{behind.prefix}-{MONTH}", id=name, document={**body, "version": 5})
    [stranger] = await strangers(copy)
    assert (stranger.event_id, stranger.name, stranger.version) == (None, name, 5)
    assert [part.documents for part in await copy.parts()] == [2]


async def test_what_is_written_while_they_are_listed_is_no_stranger(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch
) -> None:
    await place.add(document(id_after(0)), document(id_after(1000)))
    over = asyncio.Event()

    async def write() -> None:
        for second in range(1, 100):
            await place.write(document(id_after(second)))
            await behind.client.indices.refresh(index=behind.prefix)
        over.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        while not over.is_set():
            assert list(await copy.list_strangers(MONTH, 10)) == []


async def test_no_more_are_listed_than_were_asked_for(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch
) -> None:
    await place.add(document(), document())
    assert await strangers(copy) == []
    for number in range(3):
        await behind.client.index(index=f"{behind.prefix}-{MONTH}", id=f"n{number}", document={"version": 1})
    assert len(await copy.list_strangers(MONTH, 2)) == 2


async def test_what_takes_the_name_of_an_event_is_told_once_however_pages_are_cut(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch
) -> None:
    documents = [document(id_after(second)) for second in range(3)]
    await place.add(*documents)
    taken = str(documents[1].event_id)
    await behind.client.index(index=f"{behind.prefix}-{MONTH}", id="odd", document={"id": taken, "version": 5})
    await copy.parts()
    found = [
        listed.name
        for after in (None, *(each.event_id for each in documents))
        for listed in await copy.list_page(MONTH, after, 1)
        if listed.event_id is None
    ]
    assert found == ["odd"]


async def test_a_rebuild_leaves_strangers_behind(place: Place, copy: SearchCopy, behind: BehindElasticsearch) -> None:
    one = document()
    await place.add(one)
    await behind.client.index(index=f"{behind.prefix}-{MONTH}", id="odd", document={"version": 1})
    await copy.begin_rebuild(MONTH, 7)
    await place.build(7, one)
    await copy.finish_rebuild(MONTH, 7, 2)
    assert await strangers(copy) == []
    assert await behind.indices() == [f"{behind.prefix}-{MONTH}-7"]
