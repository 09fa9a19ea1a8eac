from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.embedded import EmbeddedServers, EmbeddedServices
from tests.embedded.support import processes_of


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory that does not exist yet; no process of it may outlive the test."""
    folder = tmp_path / "data"
    yield folder
    assert processes_of(folder) == []


@pytest.fixture(scope="module")
def running_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of `running`."""
    return tmp_path_factory.mktemp("running") / "data"


@pytest.fixture(scope="module")
def running(running_data_dir: Path) -> Iterator[EmbeddedServices]:
    """Servers for the tests that only look at them."""
    with EmbeddedServers(running_data_dir) as services:
        yield services
