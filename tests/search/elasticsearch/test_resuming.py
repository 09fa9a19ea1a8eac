"""A rebuild that goes on, while its index is gone."""

from contextlib import aclosing

import pytest

from headrace.domain.document import month_of
from headrace.domain.making import MakingOptions
from headrace.flow.project.rebuilding import NotRebuilt, Rebuilder, begin
from headrace.store.database import Database
from tests.search.behind import BehindElasticsearch
from tests.search.places import Place
from tests.search.test_projection import differences, finished, rebuilt
from tests.support.projecting import caught_up
from tests.support.storage import Storage


@pytest.fixture
def place(elasticsearch_place: Place) -> Place:
    return elasticsearch_place


async def test_what_was_lost_half_built_is_built_from_the_first_event_on(
    database: Database, storage: Storage, place: Place, behind: BehindElasticsearch
) -> None:
    first, *_ = await finished(database, storage, "first", "second", "third")
    await caught_up(database, storage, place.copy)
    assert await rebuilt(database, place.copy, month_of(first), most=2) == [0, 1, 2]
    await behind.client.indices.delete(index=(await behind.indices())[-1])

    assert await rebuilt(database, place.copy, month_of(first)) == [0, 1, 2, 3]
    assert await differences(database, place.copy) == set()
    assert len(await behind.indices()) == 1


async def test_an_index_that_is_lost_meanwhile_ends_it(
    database: Database, storage: Storage, place: Place, behind: BehindElasticsearch
) -> None:
    first, *_ = await finished(database, storage, "first", "second")
    await caught_up(database, storage, place.copy)
    await begin(database, place.copy, [month_of(first)])
    rebuilder = Rebuilder(database, place.copy, MakingOptions(), lambda: 0.0, page=1, patience=2)
    async with aclosing(rebuilder.rebuild(month_of(first))) as steps:
        await anext(steps)
        await behind.client.indices.delete(index=(await behind.indices())[-1])
        with pytest.raises(NotRebuilt, match="index_not_found"):
            await anext(steps)
