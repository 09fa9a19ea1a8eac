from collections import Counter
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest

from headrace.engine import NodeThreads, Pipeline, PipelineRegistry
from headrace.engine.places.processes import NodeProcesses
from tests.engine.support import TicketOpened, VirtualClock, Worker


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
async def processes() -> AsyncIterator[NodeProcesses]:
    """Two, which leave nothing behind."""
    pool = NodeProcesses(limit=2)
    yield pool
    await pool.close()
    assert [child for child in psutil.Process().children() if "engine.places.child" in " ".join(child.cmdline())] == []


@pytest.fixture
def worker(threads: NodeThreads) -> Worker:
    return Worker(threads)


@pytest.fixture
def tickets() -> Pipeline:
    """An empty pipeline for tickets."""
    return Pipeline("tickets", TicketOpened)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def timeless(threads: NodeThreads, clock: VirtualClock) -> Worker:
    """A worker whose clock stands still until `clock` is moved."""
    return Worker(threads, clock=clock)


@pytest.fixture
def calls() -> Counter[str]:
    """How often each node was called."""
    return Counter()
