"""What a type checker knows of a user's program, without a plugin: `make check` has mypy read this file."""

from typing import Annotated, assert_type

from headrace.engine import EventSchema, Node, Pipeline, Resource, Secret, TaskContext


class Ordered(EventSchema, type="typing.ordered"):
    articles: list[str]


class Archive(Node):
    async def process(self, event: Ordered) -> int:
        return len(event.articles)


def connect() -> dict[str, str]:
    return {}


async def test_a_decorated_function_stays_what_it_was() -> None:
    orders = Pipeline("typing", Ordered, register=False)

    @orders.node
    async def price(event: Ordered) -> int:
        return len(event.articles)

    @orders.node(retries=3, timeout_seconds=10, after=[price], on_error="skip")
    def invoice(price: int, connection: Annotated[dict[str, str], Resource(connect)]) -> dict[str, int]:
        return {"total": price, **dict.fromkeys(connection, 0)}

    @orders.map(over="event.articles", limit=2)
    def weigh(item: str, key: Annotated[str, Secret("SCALES_KEY")] = "") -> float:
        return float(len(item + key))

    @orders.router(after=price)
    def route(price: int) -> str:
        return "big" if price > 1 else "small"

    @orders.node(after=route)
    def big() -> None:
        return None

    @orders.join(any=[big, invoice])
    def first(big: None, invoice: dict[str, int] | None) -> bool:
        return invoice is not None

    @orders.finally_
    def clean(error: object) -> str:
        return str(error)

    event = Ordered(articles=["lamp"])
    assert_type(await price(event), int)
    assert_type(invoice(1, connection={}), dict[str, int])
    assert_type(weigh("lamp"), float)
    assert_type(route(2), str)
    assert_type(first(None, None), bool)
    assert_type(clean(None), str)
    assert_type(orders.node(Archive), type[Archive])
    assert_type(await Archive().process(event), int)
    assert (await price(event), weigh("lamp"), route(2), clean(None)) == (1, 4.0, "big", "None")


def test_a_run_gives_a_task_context() -> None:
    orders = Pipeline("typing", Ordered, register=False)
    context = orders.run(Ordered(articles=[]))
    assert_type(context, TaskContext)
    assert context.nodes == {}
