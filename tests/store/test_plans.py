"""The plans of the claims, on a backlog: what is not read by an index costs more with every event that waits."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest

from headrace.domain.clock import utc_now
from headrace.domain.ids import new_id
from headrace.store import endings
from tests.support.steps import TYPE
from tests.support.storage import Storage

#: Due runs in the backlog.
BACKLOG = 5000

#: Plan nodes that read or sort the whole of something.
READS_ALL = {"Seq Scan", "Bitmap Heap Scan", "Sort", "Incremental Sort", "Hash Join", "Merge Join"}

_FILL = """
INSERT INTO headrace.runs (event_id, tenant, type, queue, rank, losses)
SELECT id, 'default', %s, 'default', now() - interval '1 h' + n * interval '1 ms', n %% 50 / 49
FROM unnest(%s::uuid[]) WITH ORDINALITY AS t (id, n)
"""

_EXPLAIN_ALL = """
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_format = json;
SET client_min_messages = log;
"""


@pytest.fixture
def backlog(storage: Storage) -> Storage:
    """Storage with a backlog whose statistics are known."""
    ids = [new_id() for _ in range(BACKLOG)]
    storage.rows(_FILL, TYPE, ids)
    storage.rows(
        "INSERT INTO headrace.events (id, tenant, type, queue, body) SELECT unnest(%s::uuid[]), '', '', '', ''", ids
    )
    storage.rows("ANALYZE headrace.runs")
    storage.rows("ANALYZE headrace.events")
    return storage


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes_of(inner)


def plans_of(storage: Storage, statement: str, *arguments: object) -> list[dict[str, Any]]:
    """The plan nodes of all statements that ran within a statement."""
    told: list[str] = []
    with psycopg.connect(storage.superuser_url, autocommit=True) as connection:
        connection.execute(_EXPLAIN_ALL)
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        rows = connection.execute(storage.sql(statement), arguments).fetchall()
    assert rows
    plans = [json.loads(text[text.index("{") :]) for text in told if text.startswith("duration") and "plan:" in text]
    return [node for plan in plans for node in nodes_of(plan["Plan"])]


@pytest.mark.parametrize(
    ("call", "index"),
    [
        ("claim_due(%s, 'default', %s, 1, 200)", "runs_due"),
        ("claim_named(%s, 'default', %s, 1, %s)", "runs_due"),
        ("claim_lost(%s, 'default', %s, 1, 16, false)", "runs_lost"),
    ],
)
def test_a_claim_reads_by_indexes_alone_and_sorts_nothing(backlog: Storage, call: str, index: str) -> None:
    oldest = "SELECT event_id FROM headrace.runs WHERE losses = 0 ORDER BY rank LIMIT 50"
    given: list[object] = [backlog.add_worker(), [TYPE], [row[0] for row in backlog.rows(oldest)]]

    nodes = plans_of(backlog, f"SELECT headrace.{call}", *given[: call.count("%s")])

    assert {index, "runs_pkey", "workers_pkey"} <= {node.get("Index Name") for node in nodes}
    assert not {node["Node Type"] for node in nodes} & READS_ALL


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        (endings.FINISH, endings.finished_columns([])),
        (endings.DELAY, endings.delayed_columns([])),
        (endings.PARK, endings.parked_columns([])),
    ],
    ids=["finish", "delay", "park"],
)
def test_what_is_handed_in_is_gone_through_once(
    storage: Storage, statement: str, arguments: Mapping[str, object]
) -> None:
    with psycopg.connect(storage.superuser_url, autocommit=True) as connection:
        explain = f"EXPLAIN (FORMAT JSON) {storage.sql(statement)}"
        cursor = connection.execute(explain, {**arguments, "now": utc_now(), "release": "1"})
        [(plans,)] = cursor.fetchall()

    read = [node for node in nodes_of(plans[0]["Plan"]) if node.get("CTE Name") == "done"]

    # Joined once more, a batch of 500 is compared with itself row by row.
    assert len(read) <= 1
