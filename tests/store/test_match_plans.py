"""The plans by which events and waits meet: the tables may be large, and their statistics old."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from headrace.domain.ids import new_id
from headrace.store.waits import MATCH_EVENTS, MATCH_RUNS, MATCH_SOME, PIN
from tests.store.test_plans import nodes_of
from tests.support.storage import Storage

#: Runs that wait, each for an event of its own.
WAITING = 5000

_RUNS = """
INSERT INTO headrace.runs (event_id, tenant, type, queue, rank, state, reason)
SELECT unnest(%s::uuid[]), 'default', 'ticket.opened', 'default', 'infinity', 'waiting', 'wait'
"""

_WAITS = """
INSERT INTO headrace.waits (event_id, node, reason, tenant, type, match_key)
SELECT id, 'payment', 'wait', 'default', 'order.paid', n::text
FROM unnest(%s::uuid[]) WITH ORDINALITY AS t (id, n)
"""

_EVENTS = """
INSERT INTO headrace.events (id, tenant, type, queue, match_key, body)
SELECT id, 'default', 'order.paid', 'default', n::text, '' FROM unnest(%s::uuid[]) WITH ORDINALITY AS t (id, n)
"""

#: Plan nodes that read the whole of a table.
READS_ALL = {"Seq Scan", "Bitmap Heap Scan"}

Ids = Sequence[UUID]


@pytest.fixture
def waiting(storage: Storage) -> tuple[Storage, Ids, Ids]:
    """Storage with the runs that wait and the events that they wait for."""
    runs, events = [new_id() for _ in range(WAITING)], [new_id() for _ in range(WAITING)]
    storage.rows(_RUNS, runs)
    storage.rows(_WAITS, runs)
    storage.rows(_EVENTS, events)
    return storage, runs, events


def plan_of(storage: Storage, statement: LiteralString, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The plan nodes of a statement, which is carried out and rolled back."""
    with psycopg.connect(storage.superuser_url) as connection:
        connection.execute(PIN)
        explain = "EXPLAIN (ANALYZE, FORMAT JSON) " + storage.sql(statement)
        row = connection.execute(explain.encode(), arguments).fetchone()
        connection.rollback()
    assert row is not None
    return list(nodes_of(row[0][0]["Plan"]))


def reads_all(node: dict[str, Any]) -> bool:
    """Whether a node read a whole table; one that is empty does not count."""
    return node["Node Type"] in READS_ALL and node["Actual Rows"] + node.get("Rows Removed by Filter", 0) > 0


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_a_look_reads_tables_by_indexes_alone(waiting: tuple[Storage, Ids, Ids], is_analyzed: bool) -> None:
    storage, runs, events = waiting
    for table in ("runs", "waits", "events") if is_analyzed else ():
        storage.rows(f"ANALYZE headrace.{table}")

    looks: list[tuple[LiteralString, dict[str, Any]]] = [
        (MATCH_RUNS, {"ids": runs[:100]}),
        (MATCH_EVENTS, {"ids": events[:100]}),
    ]
    if is_analyzed:
        looks.append((MATCH_SOME, {"after_id": runs[9], "after_node": "payment", "most": 100}))
    for statement, arguments in looks:
        nodes = plan_of(storage, statement, arguments)
        woken = next(node for node in nodes if node.get("Subplan Name") == "CTE woken")
        assert woken["Actual Rows"] == 100
        assert not [node for node in nodes if reads_all(node)]
