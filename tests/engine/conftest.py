from collections.abc import Iterator

import pytest

from headrace.engine import NodeThreads, Pipeline, PipelineRegistry
from tests.engine.support import TicketOpened, Worker


@pytest.fixture(autouse=True)
def empty_registry() -> Iterator[None]:
    with PipelineRegistry.isolated():
        yield


@pytest.fixture
def threads() -> Iterator[NodeThreads]:
    pool = NodeThreads()
    yield pool
    pool.close()


@pytest.fixture
def worker(threads: NodeThreads) -> Worker:
    return Worker(threads)


@pytest.fixture
def tickets() -> Pipeline:
    """An empty pipeline for tickets."""
    return Pipeline("tickets", TicketOpened)
