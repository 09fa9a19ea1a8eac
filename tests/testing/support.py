from headrace.engine import EventSchema


class Ordered(EventSchema, type="test.ordered"):
    order_id: int = 7
    items: tuple[int, ...] = ()


class Paid(EventSchema, type="test.paid", match="order_id"):
    order_id: int
    amount: int = 1
