"""Reading events back, as rows. An event has either a run or a result, so one statement sees exactly one of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from headrace.domain.clock import TOLERATED_CLOCK_SECONDS
from headrace.domain.ids import same_moment
from headrace.store.database import Connection, Database

_EVENT = """
SELECT e.id, e.type, coalesce(r.state, s.state), coalesce(r.reason, s.reason), coalesce(r.since, s.finished_at),
       e.body, s.task_context::text, s.error::text, coalesce(r.attempt, s.attempt), s.finished_at,
       coalesce(s.release, r.release), e.source, e.subject, e.parent_id, e.deliver_at
FROM headrace.events e
LEFT JOIN headrace.runs r ON r.event_id = %(id)s
LEFT JOIN headrace.results s ON s.event_id = %(id)s
WHERE e.id = %(id)s
"""

_ATTEMPTS = """
SELECT run_number, attempt, outcome, node, error::text, started_at, ended_at, release
FROM headrace.attempts WHERE event_id = %(id)s ORDER BY run_number, attempt
"""

# Each column is a JSON array. Children carry their parent's milliseconds in their ids: they need no index of their own.
#
# Who cancelled a finished event stands in the audit alone: by name, or within a chunk of which the first and the last
# are named. One that nobody held ended in the transaction of the act itself.
_DETAILS = """
WITH cancelled AS (
    SELECT a.moment, a.actor
    FROM headrace.results s, LATERAL (
        SELECT id, moment, actor, act, detail FROM headrace.audit ORDER BY id DESC LIMIT %(audited)s
    ) AS a
    WHERE s.event_id = %(id)s AND s.state = 'cancelled' AND a.act = 'cancel'
      AND a.moment <= s.finished_at + make_interval(secs => %(clock_seconds)s)
      AND coalesce((a.detail -> 'ids')::jsonb ? %(id)s::text,
                   %(id)s BETWEEN (a.detail ->> 'first')::uuid AND (a.detail ->> 'last')::uuid)
      AND coalesce((a.detail -> 'selection' -> 'types')::jsonb ? s.type, true)
    ORDER BY a.moment = s.finished_at DESC, a.id DESC LIMIT 1
)
SELECT (SELECT json_agg(n ORDER BY n.written)
        FROM (SELECT written, attempt, node, note FROM headrace.notes
              WHERE event_id = %(id)s ORDER BY written DESC LIMIT %(notes)s) AS n)::text,
       (SELECT json_agg(l) FROM (SELECT run_number, attempt, lines FROM headrace.logs
                                 WHERE event_id = %(id)s ORDER BY run_number, attempt) AS l)::text,
       (SELECT json_agg(c) FROM (SELECT e.id, e.type, coalesce(r.state, s.state) AS state
                                 FROM headrace.events e
                                 LEFT JOIN headrace.runs r ON r.event_id = e.id
                                 LEFT JOIN headrace.results s ON s.event_id = e.id
                                 WHERE e.id BETWEEN %(first)s AND %(last)s AND e.parent_id = %(id)s
                                 ORDER BY e.id LIMIT %(children)s) AS c)::text,
       (SELECT json_agg(w) FROM (SELECT node, reason, nullif(expires, 'infinity') AS expires, type, match_key, arrived
                                 FROM headrace.waits WHERE event_id = %(id)s ORDER BY node) AS w)::text,
       (SELECT json_agg(k) FROM (SELECT c.node, nullif(c.item, -1) AS item, c.times,
                                        CASE WHEN c.item = -1 THEN c.output END AS output
                                 FROM headrace.checkpoints c JOIN headrace.runs r USING (event_id, epoch)
                                 WHERE c.event_id = %(id)s ORDER BY c.node, c.item LIMIT %(checkpoints)s) AS k)::text,
       (SELECT json_agg(p ORDER BY p.run_number)
        FROM (SELECT run_number, epoch, state, reason, node, attempt, task_context, error, started_at, finished_at,
                     release
              FROM headrace.past_results
              WHERE event_id = %(id)s ORDER BY run_number DESC LIMIT %(past_results)s) AS p)::text,
       (SELECT json_agg(a) FROM (SELECT c.since, c.actor
                                 FROM headrace.cancellations c JOIN headrace.runs r USING (event_id, run_number)
                                 WHERE c.event_id = %(id)s
                                 UNION ALL SELECT cancelled.moment, cancelled.actor FROM cancelled) AS a)::text
"""

# The window bounds what one page may cost when few events fit the filter; the caller goes on from its last id.
_WINDOW = """
WITH scanned AS (
    SELECT id, type FROM headrace.events
    WHERE id < %(before)s AND id >= %(first)s
    ORDER BY id DESC LIMIT %(window)s
)
SELECT e.id, e.type, coalesce(r.state, s.state), coalesce(r.reason, s.reason), coalesce(r.since, s.finished_at),
       coalesce(r.attempt, s.attempt), s.finished_at
FROM scanned e
LEFT JOIN headrace.runs r ON r.event_id = e.id
LEFT JOIN headrace.results s ON s.event_id = e.id
WHERE (%(type)s::text IS NULL OR e.type = %(type)s)
  AND (%(states)s::text[] IS NULL OR coalesce(r.state, s.state) = ANY (%(states)s))
ORDER BY e.id DESC LIMIT %(limit)s
"""

_OLDEST_SCANNED = """
SELECT min(id::text)::uuid, count(*) FROM (
    SELECT id FROM headrace.events WHERE id < %(before)s AND id >= %(first)s ORDER BY id DESC LIMIT %(window)s
) AS scanned
"""

_UNFINISHED = "SELECT state, reason, count(*) FROM headrace.runs GROUP BY state, reason"

#: Events looked at for one page of a list at most.
WINDOW = 10_000

#: Notes, children, checkpoints and earlier results of one event that are read at most.
NOTES, CHILDREN, CHECKPOINTS, PAST_RESULTS = 100, 1000, 1000, 10

#: Rows of the audit, the newest, that are looked at for who cancelled an event.
AUDITED = 10_000

Row = tuple[Any, ...]


async def read_event(connection: Connection, database: Database, event_id: UUID) -> tuple[Row, list[Row], Row] | None:
    """An event's row, the rows of its attempts, and its details; or None if there is no such event.

    The details are JSON arrays, or None for an empty one: notes, logs, children, waits, checkpoints, earlier results,
    the cancellation that was asked for. To be called in a transaction with one snapshot.
    """
    cursor = await connection.execute(database.sql(_EVENT), {"id": event_id})
    event = await cursor.fetchone()
    if event is None:
        return None
    cursor = await connection.execute(database.sql(_ATTEMPTS), {"id": event_id})
    attempts = await cursor.fetchall()
    first, last = same_moment(event_id)
    limits = {"notes": NOTES, "children": CHILDREN, "checkpoints": CHECKPOINTS, "past_results": PAST_RESULTS}
    audited = {"audited": AUDITED, "clock_seconds": TOLERATED_CLOCK_SECONDS}
    arguments = {"id": event_id, "first": first, "last": last, **limits, **audited}
    cursor = await connection.execute(database.sql(_DETAILS), arguments)
    details = await cursor.fetchone()
    assert details is not None
    return event, attempts, details


async def read_events(
    connection: Connection,
    database: Database,
    *,
    before: UUID,
    first: UUID,
    type_: str | None,
    states: Sequence[str] | None,
    limit: int,
) -> tuple[list[Row], UUID | None]:
    """Rows of the newest events below `before`, and the id below which the next page begins (None: there is none)."""
    arguments = {
        "before": before,
        "first": first,
        "type": type_,
        "states": None if states is None else list(states),
        "limit": limit,
        "window": WINDOW,
    }
    cursor = await connection.execute(database.sql(_WINDOW), arguments)
    rows = await cursor.fetchall()
    if len(rows) == limit:
        return rows, rows[-1][0]
    cursor = await connection.execute(database.sql(_OLDEST_SCANNED), arguments)
    oldest, scanned = await cursor.fetchone() or (None, 0)
    return rows, oldest if scanned == WINDOW else None


async def count_by_state(connection: Connection, database: Database) -> list[Row]:
    """Rows of state, reason and count of what is unfinished."""
    cursor = await connection.execute(database.sql(_UNFINISHED))
    return await cursor.fetchall()
