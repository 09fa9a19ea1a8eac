"""What is run as the previous release, and an installation that goes from one release to the next."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from headrace.store.server import REVISION
from tests.support.installation import Installation
from tests.support.servers import Server
from tests.support.storage import Storage

#: The schema of the release in the wheel.
PREVIOUS_REVISION = "0001"


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel here has, as it was installed: what it needs is what this code needs.

    Until a release is made, that is Headrace as it was when its first schema was frozen.
    """
    folder = tmp_path_factory.mktemp("previous")
    [wheel] = Path(__file__).parent.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.fixture
def installation(postgres18: Server, tmp_path: Path) -> Iterator[Installation]:
    """A place for processes of several releases, in a schema of its own."""
    with _installed(postgres18, tmp_path, REVISION) as installation:
        yield installation


@pytest.fixture
def installation_before(postgres18: Server, tmp_path: Path) -> Iterator[Installation]:
    """The same, as the previous release left it."""
    with _installed(postgres18, tmp_path, PREVIOUS_REVISION) as installation:
        yield installation


@contextmanager
def _installed(server: Server, folder: Path, revision: str) -> Iterator[Installation]:
    storage = Storage(server.services, server.superuser_url, "upgrading", revision)
    redis_url = server.services.redis_url.removesuffix("/0") + "/2"
    installation = Installation(storage, redis_url, folder)
    try:
        yield installation
    finally:
        installation.close()
        storage.drop()
        storage.close()
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
