"""What failed is freed at once, with all that it held: circles would keep it until the garbage collector comes by."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from headrace.engine import EventSchema, Fallback, NodeThreads, Pipeline
from tests.engine.support import Worker

#: A retry within the process, and one that is put aside.
SOON, LATER = [0.01, 0.01], [3600.0]


class Order(EventSchema, type="order"):
    number: int = 1


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def threads() -> AsyncIterator[NodeThreads]:
    pool = NodeThreads(2)
    yield pool
    pool.close()


def raises(order: Order) -> int:
    raise ConnectionError(order.number)


async def sleeps(order: Order) -> int:
    await asyncio.sleep(60.0)
    return order.number


def succeeding(pipeline: Pipeline) -> None:
    @pipeline.node
    async def succeed(event: Order) -> int:
        return event.number


def async_raising(pipeline: Pipeline) -> None:
    @pipeline.node(retries=0)
    async def fail(event: Order) -> int:
        return raises(event)


def sync_raising(pipeline: Pipeline) -> None:
    @pipeline.node(retries=0)
    def fail(event: Order) -> int:
        return raises(event)


def retried_soon(pipeline: Pipeline) -> None:
    failures = iter([1, 2])

    @pipeline.node(backoff=SOON)
    async def fail(event: Order) -> int:
        return raises(event) if next(failures, None) else event.number


def retried_later(pipeline: Pipeline) -> None:
    @pipeline.node(backoff=LATER)
    async def fail(event: Order) -> int:
        return raises(event)


def late(pipeline: Pipeline) -> None:
    @pipeline.node(retries=0, timeout_seconds=0.02)
    async def fail(event: Order) -> int:
        return await sleeps(event)


def skipped(pipeline: Pipeline) -> None:
    @pipeline.node(retries=0, on_error="skip")
    async def fail(event: Order) -> int:
        return raises(event)


def replaced(pipeline: Pipeline) -> None:
    @pipeline.node(retries=0, on_error=Fallback(0))
    async def fail(event: Order) -> int:
        return raises(event)


def one_of_many(pipeline: Pipeline) -> None:
    @pipeline.node
    async def items(event: Order) -> list[int]:
        return [1, 2, 3]

    @pipeline.map(over="items", limit=2, retries=0)
    async def fail(event: Order, item: int) -> int:
        return raises(event)


def beside_another(pipeline: Pipeline) -> None:
    @pipeline.node
    async def wait(event: Order) -> int:
        return await sleeps(event)

    @pipeline.node(retries=0)
    async def fail(event: Order) -> int:
        await asyncio.sleep(0)
        return raises(event)


@pytest.mark.parametrize(
    "declare",
    [
        succeeding,
        async_raising,
        sync_raising,
        retried_soon,
        retried_later,
        late,
        skipped,
        replaced,
        one_of_many,
        beside_another,
    ],
)
async def test_the_event_of_an_attempt_is_freed(threads: NodeThreads, declare: Callable[[Pipeline], None]) -> None:
    pipeline = Pipeline("orders", Order)
    declare(pipeline)
    event = Order()
    freed = threading.Event()
    weakref.finalize(event, freed.set)

    worker = Worker(threads, event)
    await worker.attempt(pipeline)
    worker.cancels.clear()  # which hold the attempt, as a worker does until it is over
    del worker, event
    await asyncio.sleep(0)  # the loop has done with its tasks

    assert freed.is_set()
