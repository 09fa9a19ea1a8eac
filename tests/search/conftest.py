"""A search copy at each place where it may lie."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from elasticsearch import AsyncElasticsearch

from headrace.domain.document import month_of
from headrace.domain.ids import new_id
from headrace.search.elasticsearch.copy import ElasticsearchCopy
from headrace.search.port import SearchCopy
from tests.search.places import MOST_COUNTED, Place

#: One suite for all: the fixtures of the places, one a line. Each yields a Place.
PLACES = ("elasticsearch_place",)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    """An empty copy at each place in turn."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def copy(place: Place) -> SearchCopy:
    return place.copy


@pytest.fixture
def further(prefix: str) -> str:
    """The name of an index beside the copy."""
    return f"{prefix}orders"


class BehindElasticsearch:
    """Changes documents by a client of its own."""

    def __init__(self, client: AsyncElasticsearch, prefix: str) -> None:
        self.client = client
        self.prefix = prefix

    async def remove(self, event_id: UUID) -> None:
        await self.client.delete(index=self.alias(event_id), id=str(event_id), refresh=True)

    async def corrupt(self, event_id: UUID) -> None:
        changed = {"payload": {"n": "changed"}}
        await self.client.update(index=self.alias(event_id), id=str(event_id), doc=changed, refresh=True)

    def alias(self, event_id: UUID) -> str:
        return f"{self.prefix}-{month_of(event_id)}"

    async def indices(self) -> list[str]:
        """All indices of this test, also those of a further name that begins with the same prefix."""
        return sorted(await self.client.indices.get_alias(index=f"{self.prefix}*"))

    async def clean(self) -> None:
        for index in await self.indices():
            await self.client.indices.delete(index=index)
        await self.client.options(ignore_status=404).indices.delete_index_template(name=self.prefix)


@pytest.fixture
def prefix() -> str:
    """What the names of this test's indices begin with."""
    return f"t{new_id().hex[-12:]}"


@pytest.fixture
async def behind(elasticsearch: str, prefix: str) -> AsyncIterator[BehindElasticsearch]:
    """A way to this test's indices past the copy."""
    async with AsyncElasticsearch(elasticsearch) as client:
        behind = BehindElasticsearch(client, prefix)
        yield behind
        await behind.clean()


@pytest.fixture
async def elasticsearch_place(elasticsearch: str, prefix: str, behind: BehindElasticsearch) -> AsyncIterator[Place]:
    copy = ElasticsearchCopy(elasticsearch, prefix, most_counted=MOST_COUNTED)
    yield Place(copy, behind)
    await copy.close()
