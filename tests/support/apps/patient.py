"""A user's program that waits: for a moment, for an event, for an event up to a moment."""

import os

from headrace import EventSchema, Pipeline


class Drowsy(EventSchema, type="drowsy"):
    pass


class Ordered(EventSchema, type="ordered"):
    order_id: int


class Hurried(EventSchema, type="hurried"):
    order_id: int


class Paid(EventSchema, type="order.paid", match="order_id", pipeline=None):
    order_id: int
    amount: int


drowsy = Pipeline("drowsy", Drowsy)


@drowsy.node
async def lie_down(event: Drowsy) -> int:
    return os.getpid()


drowsy.sleep(seconds=3)


@drowsy.node(after="sleep")
async def get_up(lie_down: int) -> list[int]:
    return [lie_down, os.getpid()]


orders = Pipeline("orders", Ordered)


@orders.node
def reserve(event: Ordered) -> int:
    return os.getpid()


orders.wait_for("order.paid", key="order_id")


@orders.node
async def ship(reserve: int, order_paid: Paid) -> int:
    return order_paid.amount


hurried = Pipeline("hurried", Hurried)
hurried.wait_for("order.paid", key="order_id", timeout=1.5)


@hurried.node
async def decide(order_paid: Paid | None) -> str:
    return "too late" if order_paid is None else "in time"
