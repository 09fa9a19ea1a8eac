"""Nodes in parallel, a class as a node, retries, and an error that no retry can mend.

Try it: headrace send order.placed sku=anvil quantity=3
"""

import asyncio

from headrace import EventSchema, Node, Permanent, Pipeline


class OrderPlaced(EventSchema, type="order.placed"):
    sku: str
    quantity: int


PRICES = {"anvil": 120, "feather": 1}

orders = Pipeline("orders", OrderPlaced)


@orders.node
async def price(event: OrderPlaced) -> int:
    if event.sku not in PRICES:
        raise Permanent(f"nobody sells {event.sku!r}")
    return PRICES[event.sku] * event.quantity


@orders.node(retries=5, backoff=[1, 5, 30, 120, 600], timeout_seconds=20)
async def reserve(event: OrderPlaced) -> str:
    await asyncio.sleep(0.1)  # a warehouse that takes its time
    return f"{event.quantity} x {event.sku} reserved"


@orders.node
class Invoice(Node):
    """Waits for both: its parameters are their names."""

    def process(self, event: OrderPlaced, price: int, reserve: str) -> dict[str, object]:
        return {"lines": [reserve], "total": price}
