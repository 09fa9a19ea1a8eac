"""What is stored, looked at as a whole: a census of the ledger, and a statement for each fault.

All of it is to be called in a transaction that began with `see_one_moment`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from headrace.domain.faults import Fault
from headrace.domain.states import Reason
from headrace.store.database import Connection, Database, read_one_moment
from headrace.store.look import RELAY_POST

_PREPARE = "SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"

# Both tables have the same partitions and lie in the order of their ids: merged partition by partition, by their keys
# alone, a million of them took a quarter of the time of the hash join that the planner prefers.
_MERGE = "SELECT set_config('enable_partitionwise_join', 'on', true), set_config('enable_hashjoin', 'off', true)"

_MERGED = "SELECT set_config('enable_hashjoin', 'on', true)"

_COUNT_EVENTS = """
SELECT count(e.id), count(*) FILTER (WHERE s.event_id IS NULL), count(*) FILTER (WHERE e.id IS NULL)
FROM headrace.events e FULL JOIN headrace.results s ON s.event_id = e.id
"""

_COUNT_RUNS = """
SELECT count(*), count(*) FILTER (WHERE e.id IS NULL), count(*) FILTER (WHERE s.event_id IS NOT NULL),
       count(*) FILTER (WHERE e.id IS NOT NULL AND s.event_id IS NULL)
FROM headrace.runs r
LEFT JOIN headrace.events e ON e.id = r.event_id
LEFT JOIN headrace.results s ON s.event_id = r.event_id
"""

_COUNT_RESULTS = "SELECT state, count(*) FROM headrace.results GROUP BY state"

_EVENT_LOST = """
SELECT e.id::text AS what FROM headrace.events e
WHERE NOT EXISTS (SELECT FROM headrace.results s WHERE s.event_id = e.id)
  AND NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = e.id)
"""

_EVENT_TWICE = "SELECT event_id::text AS what FROM headrace.runs JOIN headrace.results USING (event_id)"

_RUN_WITHOUT_EVENT = """
SELECT r.event_id::text AS what FROM headrace.runs r
WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = r.event_id)
"""

_RESULT_WITHOUT_EVENT = """
SELECT s.event_id::text AS what FROM headrace.results s
WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = s.event_id)
"""

# Replays number the runs of an event from 1; all but the newest have put their result aside. An event that has neither
# a run nor a result is lost, which is a fault of its own: the run that it is given goes on with the number.
_RUN_NUMBERS_WRONG = """
SELECT coalesce(past.event_id, newest.event_id)::text AS what
FROM (
    SELECT event_id, count(*) AS results, min(run_number) AS first, max(run_number) AS last
    FROM headrace.past_results GROUP BY event_id
) AS past FULL JOIN (
    SELECT event_id, run_number FROM headrace.results WHERE run_number > 1
    UNION ALL SELECT event_id, run_number FROM headrace.runs WHERE run_number > 1
) AS newest ON newest.event_id = past.event_id
WHERE (past.first = 1 AND past.results = past.last AND past.last = newest.run_number - 1) IS NOT TRUE
  AND (newest.event_id IS NOT NULL
       OR EXISTS (SELECT FROM headrace.results s WHERE s.event_id = past.event_id)
       OR EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = past.event_id)
       OR NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = past.event_id))
"""

_OWNER_UNKNOWN = """
SELECT r.event_id::text AS what FROM headrace.runs r
WHERE r.owner IS NOT NULL AND r.since < now() - make_interval(secs => %(seconds)s)
  AND NOT EXISTS (SELECT FROM headrace.workers w WHERE w.id = r.owner)
"""

# After a restart of everything, a lease may be over for hours: what counts is from when somebody could take over.
_LEASE_OVER = """
SELECT r.event_id::text AS what FROM headrace.runs r JOIN headrace.workers w ON w.id = r.owner
WHERE greatest(
    w.expires,
    (SELECT min(l.since) FROM headrace.leases l WHERE l.post = %(post)s AND l.expires > now()),
    (SELECT min(live.started) FROM headrace.workers live WHERE live.expires > now())
) < now() - make_interval(secs => %(seconds)s)
"""

# A run that came back from anywhere keeps its rank, so it is due since then at the earliest. A worker that has just
# been started finds a backlog for which it cannot be blamed.
_OVERDUE = """
WITH served AS (
    SELECT queue, type, max(w.format) AS format
    FROM headrace.workers w, unnest(w.queues) AS queue, jsonb_object_keys(w.types) AS type
    WHERE w.expires > now() AND w.started < now() - make_interval(secs => %(seconds)s)
      AND NOT EXISTS (
          SELECT FROM headrace.paused p
          WHERE p.scope = 'all' OR p.scope = 'queue' AND p.name = queue OR p.scope = 'type' AND p.name = type)
    GROUP BY queue, type
)
SELECT r.event_id::text AS what FROM headrace.runs r JOIN served s USING (queue, type)
WHERE r.owner IS NULL AND r.format <= s.format
  AND greatest(r.rank, r.since) < now() - make_interval(secs => %(seconds)s)
"""

_NEVER_WOKEN = """
SELECT r.event_id::text AS what FROM headrace.runs r
WHERE r.owner IS NULL AND r.rank = 'infinity' AND (
    (r.reason = ANY (%(held)s)) IS NOT TRUE
    OR r.reason = %(wait)s AND NOT EXISTS (
        SELECT FROM headrace.waits w WHERE w.event_id = r.event_id AND w.type IS NOT NULL AND w.arrived IS NULL)
)
"""

# One that has a tick and is due at infinity, no relay looks at.
_SCHEDULE_OVERDUE = """
SELECT s.name AS what
FROM headrace.schedules s JOIN headrace.leases l ON l.post = %(post)s AND l.expires > now()
WHERE greatest(coalesce(nullif(s.due, 'infinity'), s.tick), l.since) < now() - make_interval(secs => %(seconds)s)
  AND (s.due < 'infinity' OR s.tick IS NOT NULL)
"""

_IN_DEFAULT_PARTITION = """
SELECT 'events ' || id AS what FROM headrace.events_default
UNION ALL SELECT 'results ' || event_id FROM headrace.results_default
"""

_KEY_WITHOUT_EVENT = """
SELECT k.event_id::text AS what FROM headrace.idempotency k
WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = k.event_id)
"""

# The relay forgets cancellations soon after their run has gone.
_LEFT_OVER = """
SELECT kept || ' ' || event_id AS what
FROM (
    SELECT DISTINCT 'attempts' AS kept, event_id FROM headrace.attempts
    UNION ALL SELECT DISTINCT 'checkpoints', event_id FROM headrace.checkpoints
    UNION ALL SELECT DISTINCT 'logs', event_id FROM headrace.logs
    UNION ALL SELECT DISTINCT 'notes', event_id FROM headrace.notes
) AS beside
WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = beside.event_id)
UNION ALL
SELECT 'waits ' || event_id FROM (SELECT DISTINCT event_id FROM headrace.waits) AS w
WHERE NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = w.event_id)
UNION ALL
SELECT 'cancellations ' || c.event_id FROM headrace.cancellations c
WHERE c.since < now() - make_interval(secs => %(seconds)s)
  AND NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = c.event_id)
"""

_NUMBER = """
SELECT count(*), coalesce(array_agg(what ORDER BY what) FILTER (WHERE number <= %(most)s), '{}')
FROM (SELECT what, row_number() OVER (ORDER BY what) AS number FROM (
"""

_TELL = ") AS found) AS told"

_FINDERS: Mapping[Fault, LiteralString] = {
    Fault.EVENT_LOST: _EVENT_LOST,
    Fault.EVENT_TWICE: _EVENT_TWICE,
    Fault.RUN_WITHOUT_EVENT: _RUN_WITHOUT_EVENT,
    Fault.RESULT_WITHOUT_EVENT: _RESULT_WITHOUT_EVENT,
    Fault.RUN_NUMBERS_WRONG: _RUN_NUMBERS_WRONG,
    Fault.OWNER_UNKNOWN: _OWNER_UNKNOWN,
    Fault.LEASE_OVER: _LEASE_OVER,
    Fault.OVERDUE: _OVERDUE,
    Fault.NEVER_WOKEN: _NEVER_WOKEN,
    Fault.SCHEDULE_OVERDUE: _SCHEDULE_OVERDUE,
    Fault.IN_DEFAULT_PARTITION: _IN_DEFAULT_PARTITION,
    Fault.KEY_WITHOUT_EVENT: _KEY_WITHOUT_EVENT,
    Fault.LEFT_OVER: _LEFT_OVER,
}

#: Why a run may wait without a time: something else is known to end it.
_HELD = (
    Reason.NO_PIPELINE,
    Reason.SCHEMA_MISMATCH,
    Reason.NEWER_RELEASE,
    Reason.PAUSED,
    Reason.OWN_TASK,
    Reason.WAIT,
)


@dataclass(frozen=True, slots=True)
class Census:
    """The rows of the ledger's tables, counted: all of them, and those that stand alone or beside what they should not.

    `lost` counts events with neither a run nor a result, `twice` those with both.
    """

    events: int
    unfinished: int
    finished: Mapping[str, int]
    lost: int
    twice: int
    runs_without_event: int
    results_without_event: int


@dataclass(frozen=True, slots=True)
class Found:
    """How often a fault is there, and where, in order: ids of events, some with the table before them."""

    count: int
    first: tuple[str, ...]


async def see_one_moment(connection: Connection) -> None:
    """Let all statements of the transaction, which is to begin with this, see the same moment, and read fast."""
    await read_one_moment(connection)
    await connection.execute(_PREPARE)


async def take_census(connection: Connection, database: Database) -> Census:
    """Count every row of the ledger's three tables, by what there is beside it."""
    await connection.execute(_MERGE)
    events, unanswered, results_alone = await _row(connection, database, _COUNT_EVENTS)
    await connection.execute(_MERGED)
    unfinished, runs_alone, twice, answerable = await _row(connection, database, _COUNT_RUNS)
    cursor = await connection.execute(database.sql(_COUNT_RESULTS))
    finished: dict[str, int] = dict(await cursor.fetchall())
    return Census(events, unfinished, finished, unanswered - answerable, twice, runs_alone, results_alone)


async def find(connection: Connection, database: Database, fault: Fault, seconds: float, most: int) -> Found:
    """Where a fault is: all of it counted, `most` of it named. Any fault but `TALLY_WRONG`.

    `seconds` is how long what should pass at once may take.
    """
    arguments = {"seconds": seconds, "most": most, "held": list(_HELD), "wait": Reason.WAIT, "post": RELAY_POST}
    cursor = await connection.execute(database.sql(_NUMBER + _FINDERS[fault] + _TELL), arguments)
    [(count, first)] = await cursor.fetchall()
    return Found(count, tuple(first))


async def _row(connection: Connection, database: Database, statement: LiteralString) -> tuple[int, ...]:
    [row] = await (await connection.execute(database.sql(statement))).fetchall()
    return row
