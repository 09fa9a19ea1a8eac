"""The ways in which a run leaves its worker's hands: a statement for each, and the columns that it takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from headrace.domain.outcome import ErrorReport
from headrace.domain.settle import Delayed, Finished, Parked, Released, Settled

# A run that was taken over, or replayed, carries another owner or number by now: it stays, its result is not stored.
# One worker may have both the run before a replay and the one after it, where it never heard that the first was stored.
# In all of these, a row of an attempt that is there already, whoever left it, does not keep the run from going on; and
# what was handed in comes along with each run that was changed: to join it again takes as long as all the rest.
FINISH = """
WITH done AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(owners)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(states)b::text[],
        %(reasons)b::text[], %(nodes)b::text[], %(contexts)b::text[], %(errors)b::text[], %(started)b::timestamptz[]
    ) AS done (event_id, owner, run_number, attempt, state, reason, node, task_context, error, started_at)
), held AS (
    SELECT d.* FROM headrace.runs r JOIN done d USING (event_id, run_number, attempt)
    WHERE r.owner = d.owner
    ORDER BY r.event_id FOR UPDATE OF r
), gone AS (
    DELETE FROM headrace.runs r USING held h WHERE r.event_id = h.event_id
    RETURNING h.*, r.epoch, r.tenant, r.type, r.ordering_key
), stored AS (
    INSERT INTO headrace.results (
        event_id, run_number, epoch, tenant, type, ordering_key, state, reason, node, attempt, task_context, error,
        started_at, finished_at, release
    )
    SELECT event_id, run_number, epoch, tenant, type, ordering_key, state, reason, node, attempt, task_context::json,
           error::json, started_at, %(now)s, %(release)s
    FROM gone
), failed AS (
    INSERT INTO headrace.attempts (
        event_id, run_number, attempt, outcome, node, error, worker, started_at, ended_at, release
    )
    SELECT event_id, run_number, attempt, CASE reason WHEN 'worker-lost' THEN 'lost' ELSE 'failed' END, node,
           error::json, owner, started_at, %(now)s, %(release)s
    FROM gone WHERE state = 'failed'
    ON CONFLICT DO NOTHING
), tallied AS (
    INSERT INTO headrace.tallies (state, delta)
    SELECT state, count(*) FROM gone GROUP BY state
)
SELECT event_id, run_number, attempt FROM gone
"""

DELAY = """
WITH done AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(owners)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(reasons)b::text[],
        %(due)b::timestamptz[], %(nodes)b::text[], %(errors)b::text[], %(failures)b::text[], %(pipelines)b::text[],
        %(started)b::timestamptz[]
    ) AS done (event_id, owner, run_number, attempt, reason, due, node, error, failures, pipeline, started_at)
), freed AS (
    UPDATE headrace.runs r
    SET owner = NULL, state = 'waiting', reason = d.reason, since = now(), rank = coalesce(d.due, 'infinity'),
        failures = d.failures::jsonb, pipeline = d.pipeline
    FROM done d
    WHERE (r.event_id, r.owner, r.run_number, r.attempt) = (d.event_id, d.owner, d.run_number, d.attempt)
    RETURNING d.*
), failed AS (
    INSERT INTO headrace.attempts (
        event_id, run_number, attempt, outcome, node, error, worker, started_at, ended_at, release
    )
    SELECT event_id, run_number, attempt, 'failed', node, error::json, owner, started_at, %(now)s, %(release)s
    FROM freed WHERE error IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT event_id, run_number, attempt FROM freed
"""

PARK = """
WITH done AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(owners)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(reasons)b::text[],
        %(hashes)b::text[], %(errors)b::text[], %(started)b::timestamptz[]
    ) AS done (event_id, owner, run_number, attempt, reason, schema_hash, error, started_at)
), parked AS (
    UPDATE headrace.runs r
    SET owner = NULL, state = 'waiting', reason = d.reason, since = now(), rank = 'infinity',
        schema_hash = d.schema_hash
    FROM done d
    WHERE (r.event_id, r.owner, r.run_number, r.attempt) = (d.event_id, d.owner, d.run_number, d.attempt)
    RETURNING d.*
), unfit AS (
    INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, error, worker, started_at, ended_at, release)
    SELECT event_id, run_number, attempt, 'unfit', error::json, owner, started_at, %(now)s, %(release)s
    FROM parked
    ON CONFLICT DO NOTHING
)
SELECT event_id, run_number, attempt FROM parked
"""

RELEASE = """
UPDATE headrace.runs r
SET owner = NULL, state = 'queued', since = now(), failures = d.failures::jsonb, pipeline = d.pipeline
FROM unnest(
    %(ids)b::uuid[], %(owners)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(failures)b::text[],
    %(pipelines)b::text[]
) AS d (event_id, owner, run_number, attempt, failures, pipeline)
WHERE (r.event_id, r.owner, r.run_number, r.attempt) = (d.event_id, d.owner, d.run_number, d.attempt)
RETURNING r.event_id, r.run_number, r.attempt
"""


def finished_columns(rows: Sequence[Finished]) -> dict[str, Any]:
    """The arguments of `FINISH`, but for the time and the release."""
    return {
        **_fence(rows),
        "states": [row.state for row in rows],
        "reasons": _or_none([row.reason for row in rows]),
        "nodes": _or_none([row.node for row in rows]),
        "contexts": [None if row.task_context is None else row.task_context.decode() for row in rows],
        "errors": _or_none([_error_json(row.error) for row in rows]),
        "started": [row.run.started_at for row in rows],
    }


def delayed_columns(rows: Sequence[Delayed]) -> dict[str, Any]:
    """The arguments of `DELAY`, but for the time and the release."""
    return {
        **_fence(rows),
        **_progress(rows),
        "reasons": [row.reason for row in rows],
        "due": [row.due for row in rows],
        "nodes": [row.node for row in rows],
        "errors": [_error_json(row.error) for row in rows],
        "started": [row.run.started_at for row in rows],
    }


def parked_columns(rows: Sequence[Parked]) -> dict[str, Any]:
    """The arguments of `PARK`, but for the time and the release."""
    return {
        **_fence(rows),
        "reasons": [row.reason for row in rows],
        "hashes": [row.schema_hash for row in rows],
        "errors": [_error_json(row.error) for row in rows],
        "started": [row.run.started_at for row in rows],
    }


def released_columns(rows: Sequence[Released]) -> dict[str, Any]:
    """The arguments of `RELEASE`."""
    return {**_fence(rows), **_progress(rows)}


def _fence(rows: Sequence[Settled]) -> dict[str, Any]:
    return {
        "ids": [row.run.event_id for row in rows],
        "owners": [row.run.owner for row in rows],
        "run_numbers": [row.run.run_number for row in rows],
        "attempts": [row.run.attempt for row in rows],
    }


def _progress(rows: Sequence[Delayed | Released]) -> dict[str, Any]:
    return {
        "failures": [_counts_json(row.progress.failures) for row in rows],
        "pipelines": [row.progress.pipeline for row in rows],
    }


def _or_none(column: list[str | None]) -> list[str | None] | None:
    """A column of nothing but NULL as one NULL, which `unnest` fills up."""
    return column if any(value is not None for value in column) else None


def _error_json(error: ErrorReport | None) -> str | None:
    """An error as it is stored: a JSON object with `type`, `message`, `code` and `frames`."""
    if error is None:
        return None
    return orjson.dumps(
        {"type": error.type, "message": error.message, "code": error.code, "frames": list(error.frames)}
    ).decode()


def _counts_json(counts: Mapping[str, int]) -> str:
    return orjson.dumps(dict(counts)).decode()
