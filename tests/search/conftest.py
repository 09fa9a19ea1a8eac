"""A search copy at each place where it may lie."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import pytest
from elasticsearch import AsyncElasticsearch

from headrace.domain.ids import new_id
from headrace.search.elasticsearch.copy import ElasticsearchCopy
from headrace.search.port import SearchCopy
from headrace.search.postgres.copy import PostgresCopy
from tests.search.behind import BehindElasticsearch, BehindPostgres
from tests.search.places import MOST_COUNTED, Place
from tests.support.servers import Server
from tests.support.storage import Storage

#: One suite for all: the fixtures of the places, one a line. Each yields a Place.
PLACES = ("elasticsearch_place", "postgres18_place", "postgres15_place")


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


@asynccontextmanager
async def _place_in(storage: Storage) -> AsyncIterator[Place]:
    database = storage.open()
    await database.open()
    yield Place(PostgresCopy(database, most_counted=MOST_COUNTED), BehindPostgres(storage))
    await database.close()
    storage.clean()


@pytest.fixture(scope="session")
def copy18_storage(postgres18: Server) -> Iterator[Storage]:
    """Tables of a copy alone: the events of a test lie elsewhere."""
    with closing(Storage(postgres18.services, postgres18.superuser_url, "copies")) as storage:
        yield storage


@pytest.fixture(scope="session")
def copy15_storage(postgres15: Server) -> Iterator[Storage]:
    with closing(Storage(postgres15.services, postgres15.superuser_url, "copies")) as storage:
        yield storage


@pytest.fixture
async def postgres18_place(copy18_storage: Storage) -> AsyncIterator[Place]:
    async with _place_in(copy18_storage) as place:
        yield place


@pytest.fixture
async def postgres15_place(copy15_storage: Storage) -> AsyncIterator[Place]:
    async with _place_in(copy15_storage) as place:
        yield place
