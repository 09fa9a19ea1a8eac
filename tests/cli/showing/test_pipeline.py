from collections.abc import Callable

import pytest

from headrace.cli.showing.pipeline import list_lines, pipeline_lines
from headrace.engine import EventSchema, Pipeline


class OrderPlaced(EventSchema, type="showing.order"):
    sku: str
    lines: list[str]
    order_id: str = "1"


class Paid(EventSchema, type="showing.paid", match="order_id"):
    order_id: str


@pytest.fixture
def orders() -> Pipeline:
    pipeline = Pipeline("orders", OrderPlaced, version=2, deadline_seconds=7200, register=False)

    @pipeline.node(retries=1, backoff=[5], timeout_seconds=10)
    async def price(event: OrderPlaced) -> int:
        return 1

    @pipeline.map(over="event.lines", limit=4)
    def line(item: str) -> str:
        return item

    @pipeline.router
    def choose(price: int) -> str:
        return "card"

    @pipeline.node(after=[choose])
    def card() -> str:
        return ""

    @pipeline.node(after=[choose], retries=0)
    def cash() -> str:
        return ""

    @pipeline.join
    def paying(card: str | None, cash: str | None) -> str:
        return ""

    pipeline.sleep(hours=2, name="pause", after=[paying])
    pipeline.wait_for("showing.paid", key="order_id", timeout=60, name="paid", after=["pause"])

    @pipeline.node
    def ship(paid: Paid | None, line: list[str | None]) -> str:
        return ""

    @pipeline.finally_
    def clean() -> None: ...

    return pipeline


def test_a_pipeline_is_its_fields_its_nodes_and_a_tree(orders: Pipeline) -> None:
    assert (
        "\n".join(line.plain for line in pipeline_lines(orders.describe()))
        == """\
orders  version 2, for events of the type showing.order, through within 2 h

Fields
  sku       str        required
  lines     list[str]  required
  order_id  str        optional

Nodes
  price   async                                 event                      1 retry after 5 s; timeout 10 s
  line    map, 4 at once                        item, each of event.lines  10 retries after 5 s … 1 d; timeout 5 min
  choose  router                                price                      10 retries after 5 s … 1 d; timeout 5 min
  card    sync                                  after choose               10 retries after 5 s … 1 d; timeout 5 min
  cash    sync                                  after choose               no retry; timeout 5 min
  paying  join                                  card, cash                 10 retries after 5 s … 1 d; timeout 5 min
  pause   sleep 2 h                             after paying
  paid    wait for showing.paid, 1 min at most  key order_id; after pause
  ship    sync                                  paid, line                 10 retries after 5 s … 1 d; timeout 5 min
  clean   finally                                                          10 retries after 5 s … 1 d; timeout 5 min

Graph
  showing.order
  ├─ price
  │  ↓ ◇ choose
  │  ├╌ card
  │  └╌ cash
  │     ↓ ⋈ paying  with card
  │     ⇣ ◷ pause
  │     ⇣ ◷ paid
  │     ↓ ship  with line
  └─ ≡ line
  at the end, whatever happens
  ↓ clean"""
    )


def test_pipelines_are_listed_a_line_each(orders: Pipeline) -> None:
    assert [line.plain for line in list_lines([orders.describe()])] == ["orders  version 2  showing.order  10 nodes"]


def test_a_long_chain_goes_straight_down() -> None:
    chain = Pipeline("chain", OrderPlaced, register=False)
    for number in range(1500):
        chain.add_node(_named(f"node_{number}"))
    *_, last = pipeline_lines(chain.describe())
    assert last.plain == "  ⇣ node_1499"


def _named(name: str) -> Callable[[OrderPlaced], None]:
    def function(event: OrderPlaced) -> None: ...

    function.__name__ = name
    return function
