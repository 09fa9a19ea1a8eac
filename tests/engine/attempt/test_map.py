import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.domain.outcome import NodeFailed
from headrace.domain.progress import Checkpoint
from headrace.engine import Attempt, EventSchema, Fallback, NodeThreads, Pipeline, TaskContext, perform
from headrace.errors import Permanent
from tests.engine.support import LongRun, VirtualClock, Worker, states_of


class Order(EventSchema, type="order.placed"):
    items: list[int]


@pytest.fixture
def orders(worker: Worker, timeless: Worker) -> Pipeline:
    worker.event = timeless.event = Order(items=[1, 2, 3, 4])
    return Pipeline("orders", Order)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(st.integers(0, 9), max_size=12), limit=st.integers(1, 4))
async def test_the_outputs_are_in_the_order_of_the_items_and_the_limit_holds(
    items: list[int], limit: int, threads: NodeThreads
) -> None:
    pipeline = Pipeline("orders", Order, register=False)
    running, most = 0, 0

    @pipeline.map(over="event.items", limit=limit)
    async def each(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(item):
            await asyncio.sleep(0)
        running -= 1
        return item * 10

    context = await Worker(threads, Order(items=items)).completed(pipeline)
    assert context["nodes"] == {"each": [item * 10 for item in items]}
    assert context["metadata"]["nodes"]["each"]["items"] == {"total": len(items), "failed": 0}
    assert most <= limit
    assert most == min(limit, len(items)) or 0 in items


async def test_a_map_over_a_node_or_a_field_calls_sync_and_async_functions(orders: Pipeline, worker: Worker) -> None:
    @orders.map(over="event.items")
    def double(item: int, event: Order) -> int:
        return item * len(event.items)

    @orders.map(over=double)
    async def text(item: int) -> str:
        return str(item)

    @orders.node
    def total(text: list[str]) -> str:
        return "+".join(text)

    assert (await worker.completed(orders))["nodes"]["total"] == "4+8+12+16"


@pytest.mark.parametrize("given", [None, "text", {"a": 1}, {1, 2}, 5])
async def test_what_is_no_list_fails_the_map(given: Any, orders: Pipeline, worker: Worker) -> None:
    @orders.node
    async def source(event: Order) -> Any:
        return given

    @orders.map(over=source)
    async def each(item: int) -> int:
        return item

    failed = await worker.failed(orders)
    assert (failed.node, failed.error.type) == ("each", "TypeError")


async def test_each_item_has_its_own_retries(orders: Pipeline, timeless: Worker, clock: VirtualClock) -> None:
    calls: list[int] = []

    @orders.map(over="event.items", backoff=[0.001, 60])
    async def each(item: int) -> int:
        calls.append(item)
        if item % 2 and calls.count(item) < 3:
            raise OSError
        return item

    run = LongRun(timeless, orders)
    suspended = await run.suspended()
    assert suspended.progress.failures == {"each[0]": 2, "each[2]": 2}
    assert sorted(pause.node for pause in suspended.progress.pauses) == ["each[0]", "each[2]"]
    clock.move(60)
    assert (await run.completed())["nodes"]["each"] == [1, 2, 3, 4]
    assert {item: calls.count(item) for item in (1, 2, 3, 4)} == {1: 3, 2: 1, 3: 3, 4: 1}


async def test_each_item_has_its_own_timeout(orders: Pipeline, worker: Worker) -> None:
    @orders.map(over="event.items", timeout_seconds=0.05, retries=0, on_error="skip")
    async def each(item: int) -> int:
        if item == 2:
            await asyncio.Event().wait()
        return item

    context = await worker.completed(orders)
    assert context["nodes"]["each"] == [1, None, 3, 4]
    assert context["metadata"]["nodes"]["each"]["items"]["errors"] == {
        "1": "headrace.errors.NodeTimeout: ran longer than 0.05 s"
    }


async def test_an_item_that_fails_for_good_fails_the_map_and_is_named(orders: Pipeline, worker: Worker) -> None:
    @orders.map(over="event.items")
    async def each(item: int) -> int:
        if item == 3:
            raise Permanent("no three")
        return item

    failed = await worker.failed(orders)
    assert (failed.node, failed.error.message) == ("each[2]", "no three")
    assert failed.progress.failures == {"each[2]": 1}


def instead(item: int, error: Any) -> int:
    return -item * len(error.message)


@pytest.mark.parametrize(
    ("on_error", "outputs"), [("skip", [1, 2, None, 4]), (Fallback(0), [1, 2, 0, 4]), (instead, [1, 2, -24, 4])]
)
async def test_what_stands_in_stands_for_the_item_alone(
    on_error: Any, outputs: list[int], orders: Pipeline, worker: Worker
) -> None:
    @orders.map(over="event.items", on_error=on_error)
    async def each(item: int) -> int:
        if item == 3:
            raise Permanent("no three")
        return item

    context = await worker.completed(orders)
    assert context["nodes"]["each"] == outputs
    assert states_of(context) == {"each": "succeeded"}
    assert context["metadata"]["nodes"]["each"]["items"] == {
        "total": 4,
        "failed": 1,
        "errors": {"2": "headrace.errors.Permanent: no three"},
    }


async def test_an_item_can_finish_the_run(orders: Pipeline, worker: Worker) -> None:
    @orders.map(over="event.items")
    async def each(item: int, context: TaskContext) -> int:
        if item == 2:
            context.finish()
        return item

    @orders.node
    async def behind(each: list[int]) -> None: ...

    assert states_of(await worker.completed(orders)) == {"each": "succeeded", "behind": "skipped"}


async def test_a_long_list_of_quick_items_does_not_hold_up_other_runs(orders: Pipeline, worker: Worker) -> None:
    seen: list[int] = []
    counted: list[int] = []

    @orders.map(over="event.items")
    async def each(item: int) -> None:
        counted.append(item)

    async def look() -> None:
        while len(counted) < 1000:
            seen.append(len(counted))
            await asyncio.sleep(0)

    worker.event = Order(items=list(range(1000)))
    looking = asyncio.create_task(look())
    await worker.completed(orders)
    await looking
    assert len(seen) > 10


async def test_an_error_of_the_store_is_not_taken_for_one_of_an_item(orders: Pipeline, worker: Worker) -> None:
    async def store(checkpoints: Sequence[Checkpoint]) -> bool:
        raise OSError("the store is away")

    @orders.map(over="event.items", checkpoint=True)
    async def each(item: int) -> int:
        return item

    @orders.node
    async def last(each: list[int]) -> None: ...

    outcome = await perform(orders, worker.event, Attempt(1), worker.means(store))
    assert isinstance(outcome, NodeFailed)
