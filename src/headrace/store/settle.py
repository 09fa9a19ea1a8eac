"""Storing what became of runs: fenced by owner and attempt, a batch at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson

from headrace.domain.outcome import ErrorReport
from headrace.domain.settle import Delayed, Finished, Parked, Released, Settled
from headrace.store.database import Connection, Database

# A run that was taken over carries another owner or attempt by now: it stays, and its result is not stored.
_FINISH = """
WITH done AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(owners)b::uuid[], %(attempts)b::int[], %(states)b::text[], %(reasons)b::text[],
        %(nodes)b::text[], %(contexts)s::text[], %(errors)s::text[], %(started)b::timestamptz[]
    ) AS done (event_id, owner, attempt, state, reason, node, task_context, error, started_at)
), held AS (
    SELECT r.event_id FROM headrace.runs r JOIN done d USING (event_id, attempt)
    WHERE r.owner = d.owner AND r.attempt = d.attempt
    ORDER BY r.event_id FOR UPDATE OF r
), gone AS (
    DELETE FROM headrace.runs r USING held WHERE r.event_id = held.event_id RETURNING r.*
), stored AS (
    INSERT INTO headrace.results (
        event_id, run_number, epoch, tenant, type, ordering_key, state, reason, node, attempt, task_context, error,
        started_at, finished_at, release
    )
    SELECT g.event_id, g.run_number, g.epoch, g.tenant, g.type, g.ordering_key, d.state, d.reason, d.node, g.attempt,
           d.task_context::json, d.error::json, d.started_at, %(now)s, %(release)s
    FROM gone g JOIN done d USING (event_id, attempt)
), failed AS (
    INSERT INTO headrace.attempts (
        event_id, run_number, attempt, outcome, node, error, worker, started_at, ended_at, release
    )
    SELECT g.event_id, g.run_number, g.attempt, CASE d.reason WHEN 'worker-lost' THEN 'lost' ELSE 'failed' END, d.node,
           d.error::json, d.owner, d.started_at, %(now)s, %(release)s
    FROM gone g JOIN done d USING (event_id, attempt) WHERE d.state = 'failed'
), tallied AS (
    INSERT INTO headrace.tallies (state, delta)
    SELECT d.state, count(*) FROM gone JOIN done d USING (event_id, attempt) GROUP BY d.state
)
SELECT event_id FROM gone
"""

_DELAY = """
WITH done AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(owners)b::uuid[], %(attempts)b::int[], %(nodes)b::text[], %(errors)s::text[],
        %(failures)s::text[], %(due)b::timestamptz[], %(started)b::timestamptz[]
    ) AS done (event_id, owner, attempt, node, error, failures, due, started_at)
), freed AS (
    UPDATE headrace.runs r
    SET owner = NULL, state = 'waiting', reason = 'retry', since = now(), rank = d.due, failures = d.failures::jsonb
    FROM done d WHERE r.event_id = d.event_id AND r.owner = d.owner AND r.attempt = d.attempt
    RETURNING r.event_id, r.run_number, r.attempt
), failed AS (
    INSERT INTO headrace.attempts (
        event_id, run_number, attempt, outcome, node, error, worker, started_at, ended_at, release
    )
    SELECT f.event_id, f.run_number, f.attempt, 'failed', d.node, d.error::json, d.owner, d.started_at, %(now)s,
           %(release)s
    FROM freed f JOIN done d USING (event_id, attempt)
)
SELECT event_id FROM freed
"""

_PARK = """
WITH done AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(owners)b::uuid[], %(attempts)b::int[], %(reasons)b::text[], %(hashes)b::text[],
        %(errors)s::text[], %(started)b::timestamptz[]
    ) AS done (event_id, owner, attempt, reason, schema_hash, error, started_at)
), parked AS (
    UPDATE headrace.runs r
    SET owner = NULL, state = 'waiting', reason = d.reason, since = now(), rank = 'infinity',
        schema_hash = d.schema_hash
    FROM done d WHERE r.event_id = d.event_id AND r.owner = d.owner AND r.attempt = d.attempt
    RETURNING r.event_id, r.run_number, r.attempt
), unfit AS (
    INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, error, worker, started_at, ended_at, release)
    SELECT p.event_id, p.run_number, p.attempt, 'unfit', d.error::json, d.owner, d.started_at, %(now)s, %(release)s
    FROM parked p JOIN done d USING (event_id, attempt)
)
SELECT event_id FROM parked
"""

_RELEASE = """
UPDATE headrace.runs r SET owner = NULL, state = 'queued', since = now(), failures = d.failures::jsonb
FROM unnest(%(ids)b::uuid[], %(owners)b::uuid[], %(attempts)b::int[], %(failures)s::text[])
     AS d (event_id, owner, attempt, failures)
WHERE r.event_id = d.event_id AND r.owner = d.owner AND r.attempt = d.attempt
RETURNING r.event_id
"""


async def settle(
    connection: Connection, database: Database, batch: Sequence[Settled], now: datetime, release: str
) -> set[UUID]:
    """Write a batch in id order and return the ids that were still held; what was taken over is left alone."""
    kept: set[UUID] = set()
    for statement, columns, rows in _by_kind(batch):
        arguments = {**columns(rows), "now": now, "release": release}
        cursor = await connection.execute(database.sql(statement), arguments)
        kept.update(row[0] for row in await cursor.fetchall())
    return kept


_Columns = Callable[[Sequence[Any]], dict[str, Any]]


def _by_kind(batch: Sequence[Settled]) -> list[tuple[LiteralString, _Columns, list[Any]]]:
    """The statements that the batch needs, each with its own rows in id order."""
    kinds: tuple[tuple[type[Settled], LiteralString, _Columns], ...] = (
        (Finished, _FINISH, _finished_columns),
        (Delayed, _DELAY, _delayed_columns),
        (Parked, _PARK, _parked_columns),
        (Released, _RELEASE, _released_columns),
    )
    ordered = sorted(batch, key=lambda settled: settled.run.event_id)
    found = [(sql, columns, [s for s in ordered if isinstance(s, kind)]) for kind, sql, columns in kinds]
    return [part for part in found if part[2]]


def _fence(rows: Sequence[Settled]) -> dict[str, Any]:
    return {
        "ids": [row.run.event_id for row in rows],
        "owners": [row.run.owner for row in rows],
        "attempts": [row.run.attempt for row in rows],
    }


def _finished_columns(rows: Sequence[Finished]) -> dict[str, Any]:
    return {
        **_fence(rows),
        "states": [row.state for row in rows],
        "reasons": [row.reason for row in rows],
        "nodes": [row.node for row in rows],
        "contexts": [None if row.task_context is None else row.task_context.decode() for row in rows],
        "errors": [error_json(row.error) for row in rows],
        "started": [row.run.started_at for row in rows],
    }


def _delayed_columns(rows: Sequence[Delayed]) -> dict[str, Any]:
    return {
        **_fence(rows),
        "nodes": [row.node for row in rows],
        "errors": [error_json(row.error) for row in rows],
        "failures": [_counts_json(row.failures) for row in rows],
        "due": [row.due for row in rows],
        "started": [row.run.started_at for row in rows],
    }


def _parked_columns(rows: Sequence[Parked]) -> dict[str, Any]:
    return {
        **_fence(rows),
        "reasons": [row.reason for row in rows],
        "hashes": [row.schema_hash for row in rows],
        "errors": [error_json(row.error) for row in rows],
        "started": [row.run.started_at for row in rows],
    }


def _released_columns(rows: Sequence[Released]) -> dict[str, Any]:
    return {**_fence(rows), "failures": [_counts_json(row.failures) for row in rows]}


def error_json(error: ErrorReport | None) -> str | None:
    """An error as it is stored: a JSON object with `type`, `message`, `code` and `frames`."""
    if error is None:
        return None
    return orjson.dumps(
        {"type": error.type, "message": error.message, "code": error.code, "frames": list(error.frames)}
    ).decode()


def _counts_json(counts: Mapping[str, int]) -> str:
    return orjson.dumps(dict(counts)).decode()
