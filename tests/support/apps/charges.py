"""A user's program that waits for its bank."""

from headrace import EventSchema, Pipeline, RetryAfter


class Ordered(EventSchema, type="ordered"):
    amount: int


orders = Pipeline("orders", Ordered)


@orders.node
def reserve(event: Ordered) -> int:
    return event.amount * 10


@orders.node
def charge(reserve: int) -> None:
    raise RetryAfter(3600)
