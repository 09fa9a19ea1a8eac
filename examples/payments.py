"""Waiting for days without holding a worker: an order is shipped when it is paid; who does not pay is reminded.

Try it: headrace send order.created order_id=7
        headrace send order.paid order_id=7 cents=1200
"""

from datetime import timedelta
from typing import Literal

from headrace import EventSchema, Pipeline


class OrderCreated(EventSchema, type="order.created"):
    order_id: int


class OrderPaid(EventSchema, type="order.paid", match="order_id", pipeline=None):
    """`match` is the field by which others wait for it; it needs no pipeline of its own."""

    order_id: int
    cents: int


payments = Pipeline("payments", OrderCreated)

payments.wait_for("order.paid", key="order_id", timeout=timedelta(days=3), name="paid")


@payments.router
def is_paid(paid: OrderPaid | None) -> Literal["ship", "remind"]:
    """None says that three days went by."""
    return "remind" if paid is None else "ship"


@payments.node(after=is_paid)
def remind(event: OrderCreated) -> str:
    return f"Did you forget order {event.order_id}?"


@payments.node(after=is_paid)
def ship(event: OrderCreated) -> str:
    return f"order {event.order_id} is on its way"


week = payments.sleep("week", days=7, after=ship)


@payments.node(after=week)
def ask(event: OrderCreated) -> str:
    return f"How do you like what you got with order {event.order_id}?"
