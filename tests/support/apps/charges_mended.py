"""The user's program of `charges.py`, whose bank answers now."""

from headrace import EventSchema, Pipeline


class Ordered(EventSchema, type="ordered"):
    amount: int


orders = Pipeline("orders", Ordered)


@orders.node
def reserve(event: Ordered) -> int:
    return event.amount * 10


@orders.node
def charge(reserve: int) -> int:
    return reserve
