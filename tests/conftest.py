"""Real services for the tests that ask for them; every test finds its storage empty and leaves it so."""

import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import redis
from httpx2 import Client
from hypothesis import settings

from headrace.embedded import EmbeddedServices
from headrace.store.database import Database
from tests.support import wheel
from tests.support.elasticsearch import build as build_elasticsearch
from tests.support.elasticsearch import missing_programs, shared_elasticsearch
from tests.support.installation import Installation
from tests.support.lacking import lacking
from tests.support.once import made_once
from tests.support.processes import check_none_remains
from tests.support.servers import POSTGRES_15, Server, running_server
from tests.support.storage import Storage

#: Fixtures that start Postgres, Valkey, Elasticsearch or a process of Headrace.
SERVICE_FIXTURES = {"postgres18", "postgres15", "server", "data_dir", "running", "elasticsearch", "place"}

# Asked for by --hypothesis-profile=long.
settings.register_profile("long", max_examples=2000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a service, by their fixtures."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVICE_FIXTURES.intersection(item.fixturenames):
            item.add_marker(pytest.mark.services)


@pytest.fixture(scope="session")
def postgres18(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """PostgreSQL 18 and a Valkey."""
    with running_server(tmp_path_factory.mktemp("postgres18")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres15(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """PostgreSQL 15, the oldest that is supported, and a Valkey."""
    if not POSTGRES_15.exists():
        lacking(f"PostgreSQL 15 is not in {POSTGRES_15}")
    with running_server(tmp_path_factory.mktemp("postgres15"), POSTGRES_15) as server:
        yield server


@pytest.fixture(scope="session", params=["pg18", "pg15"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each supported server in turn."""
    found: Server = request.getfixturevalue({"pg18": "postgres18", "pg15": "postgres15"}[request.param])
    return found


@pytest.fixture(scope="session")
def _stages_storage(server: Server) -> Iterator[Storage]:
    storage = Storage(server.services, server.superuser_url, "stages")
    yield storage
    storage.close()


@pytest.fixture
def storage(_stages_storage: Storage) -> Iterator[Storage]:
    """Empty tables in a schema with a name of its own, on each server in turn, as their owner sees them."""
    yield _stages_storage
    _stages_storage.clean()


@pytest.fixture
async def database(storage: Storage) -> AsyncIterator[Database]:
    """The pool of a process, as the role that may change no structure, over `storage`."""
    opened = storage.open()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def services(postgres18: Server) -> EmbeddedServices:
    """PostgreSQL 18, migrated, and a Valkey."""
    Storage(postgres18.services, postgres18.superuser_url, "headrace").close()
    return postgres18.services


@pytest.fixture(scope="session")
def _processes_storage(postgres18: Server) -> Iterator[Storage]:
    storage = Storage(postgres18.services, postgres18.superuser_url, "processes")
    yield storage
    storage.close()


@pytest.fixture
def installation(_processes_storage: Storage, tmp_path: Path) -> Iterator[Installation]:
    """A place for processes of a test's own: empty storage, an empty Redis database, an empty folder."""
    redis_url = _processes_storage.services.redis_url.removesuffix("/0") + "/1"
    installation = Installation(_processes_storage, redis_url, tmp_path)
    try:
        yield installation
    finally:
        installation.close()
        _processes_storage.clean()
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()


@pytest.fixture(scope="session")
def api_client(
    services: EmbeddedServices, postgres18: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A client of a running API, which has pipelines, and no worker behind it."""
    storage = Storage(services, postgres18.superuser_url, "headrace")
    installation = Installation(storage, services.redis_url, tmp_path_factory.mktemp("api"))
    try:
        yield installation.start_api("tickets")[1]
    finally:
        installation.close()
        storage.clean()
        storage.close()


@pytest.fixture(scope="session")
def elasticsearch_program(shared_dir: Path) -> Path:
    """A folder with what an Elasticsearch runs from."""
    if missing := missing_programs():
        lacking(f"without {', '.join(missing)} there is no Elasticsearch")
    return made_once(shared_dir / "elasticsearch_program", build_elasticsearch)


@pytest.fixture(scope="session")
def elasticsearch(shared_dir: Path, elasticsearch_program: Path) -> Iterator[str]:
    """The URL of an Elasticsearch that all tests of the run share: each keeps to indices of its own."""
    with shared_elasticsearch(shared_dir / "elasticsearch", elasticsearch_program) as url:
        yield url


@pytest.fixture(scope="session")
def built(shared_dir: Path) -> Path:
    """A folder with the wheel and the sdist."""
    return made_once(shared_dir / "dist", wheel.build)


@pytest.fixture(scope="session")
def elsewhere(built: Path, shared_dir: Path) -> Path:
    """An environment outside the checkout that holds the wheel and the locked packages, and nothing else."""
    return made_once(shared_dir / "elsewhere", partial(wheel.install, next(built.glob("*.whl"))))


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own  # noqa: TID251  # not a setting of the product


@pytest.fixture(scope="session", autouse=True)
def _no_process_remains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    check_none_remains(tmp_path_factory.getbasetemp())
