from collections.abc import Iterator

import pytest

from headrace.engine import Pipeline, PipelineRegistry
from tests.testing.support import Ordered, Paid


@pytest.fixture(autouse=True)
def empty_registry() -> Iterator[None]:
    with PipelineRegistry.isolated():
        yield


@pytest.fixture
def orders() -> Pipeline:
    """Reserves, charges, and ships."""
    pipeline = Pipeline("orders", Ordered)

    @pipeline.node
    async def reserve(event: Ordered) -> int:
        return event.order_id

    @pipeline.node(retries=2, backoff=[3600, 86400])
    def charge(reserve: int) -> str:
        return f"charged {reserve}"

    @pipeline.node
    async def ship(charge: str) -> str:
        return f"{charge}, shipped"

    return pipeline


@pytest.fixture
def paying() -> Pipeline:
    """Waits a week for the payment."""
    pipeline = Pipeline("orders", Ordered)
    pause = pipeline.sleep(days=3)
    pipeline.wait_for("test.paid", key="order_id", timeout=7 * 86_400, name="paid", after=pause)

    @pipeline.node
    def ship(paid: Paid | None) -> int:
        return 0 if paid is None else paid.amount

    return pipeline
