"""Putting right what is wrong: each statement changes only what is still so when it runs. All in a transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from headrace.domain.states import Reason
from headrace.store.database import Connection, Database

# As accepting places it, and as a replay numbers it. Attempts at the run that is gone may have left rows: their numbers
# are not given again.
_GIVE_RUNS = """
INSERT INTO headrace.runs (
    event_id, run_number, epoch, attempt, tenant, type, queue, ordering_key, task, state, reason, rank
)
SELECT e.id, next.run_number, next.run_number, last.attempt, e.tenant, e.type, e.queue, e.ordering_key, e.task,
       CASE WHEN e.task IS NOT NULL OR delay.at > now() THEN 'waiting' ELSE 'queued' END,
       CASE WHEN e.task IS NOT NULL THEN %(own_task)s WHEN delay.at > now() THEN %(delay)s END,
       CASE WHEN e.task IS NULL THEN greatest(now(), delay.at) ELSE 'infinity' END
FROM headrace.events e, LATERAL (
    SELECT coalesce(max(p.run_number), 0) + 1 AS run_number FROM headrace.past_results p WHERE p.event_id = e.id
) AS next, LATERAL (
    SELECT coalesce(max(k.attempt), 0) AS attempt
    FROM (SELECT attempt FROM headrace.attempts WHERE event_id = e.id AND run_number = next.run_number
          UNION ALL SELECT attempt FROM headrace.logs WHERE event_id = e.id AND run_number = next.run_number) AS k
) AS last, LATERAL (
    SELECT CASE WHEN next.run_number = 1 AND last.attempt = 0 THEN e.deliver_at END AS at
) AS delay
WHERE e.id = ANY (%(ids)s)
  AND NOT EXISTS (SELECT FROM headrace.results s WHERE s.event_id = e.id)
  AND NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = e.id)
ORDER BY e.id
ON CONFLICT DO NOTHING
RETURNING event_id
"""

_DROP_RUNS = """
WITH gone AS (
    DELETE FROM headrace.runs r USING headrace.results s
    WHERE r.event_id = ANY (%(ids)s) AND r.owner IS NULL AND s.event_id = r.event_id AND s.run_number = r.run_number
    RETURNING r.event_id
), awaited AS (
    DELETE FROM headrace.waits w USING gone g WHERE w.event_id = g.event_id
), asked AS (
    DELETE FROM headrace.cancellations c USING gone g WHERE c.event_id = g.event_id
)
SELECT event_id FROM gone ORDER BY event_id
"""

# It keeps away another such lock, but nobody who reads and writes. It takes no snapshot: what follows sees all that was
# committed before.
_LOCK_TALLIES = "LOCK TABLE headrace.tallies IN SHARE UPDATE EXCLUSIVE MODE"

_CORRECT = """
INSERT INTO headrace.tallies (state, delta) SELECT * FROM unnest(%(states)s::text[], %(deltas)s::bigint[])
"""

_CLEAR = """
WITH attempts AS (
    DELETE FROM headrace.attempts k WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = k.event_id)
    RETURNING 'attempts ' || k.event_id AS what
), checkpoints AS (
    DELETE FROM headrace.checkpoints k WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = k.event_id)
    RETURNING 'checkpoints ' || k.event_id AS what
), logs AS (
    DELETE FROM headrace.logs k WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = k.event_id)
    RETURNING 'logs ' || k.event_id AS what
), notes AS (
    DELETE FROM headrace.notes k WHERE NOT EXISTS (SELECT FROM headrace.events e WHERE e.id = k.event_id)
    RETURNING 'notes ' || k.event_id AS what
), waits AS (
    DELETE FROM headrace.waits k WHERE NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = k.event_id)
    RETURNING 'waits ' || k.event_id AS what
), cancellations AS (
    DELETE FROM headrace.cancellations k WHERE NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = k.event_id)
    RETURNING 'cancellations ' || k.event_id AS what
)
SELECT what FROM attempts
UNION SELECT what FROM checkpoints
UNION SELECT what FROM logs
UNION SELECT what FROM notes
UNION SELECT what FROM waits
UNION SELECT what FROM cancellations
ORDER BY what
"""


async def give_runs(connection: Connection, database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Give events that have neither a run nor a result a run; returns those that have one now."""
    arguments = {"ids": list(ids), "own_task": Reason.OWN_TASK, "delay": Reason.DELAY}
    cursor = await connection.execute(database.sql(_GIVE_RUNS), arguments)
    return sorted(row[0] for row in await cursor.fetchall())


async def drop_runs(connection: Connection, database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Take away runs that nobody holds and whose result is stored; returns the events that had one."""
    cursor = await connection.execute(database.sql(_DROP_RUNS), {"ids": list(ids)})
    return [row[0] for row in await cursor.fetchall()]


async def keep_other_repairs_away(connection: Connection, database: Database) -> None:
    """Let no other transaction correct the sums until this one ends. It is to begin with this."""
    await connection.execute(database.sql(_LOCK_TALLIES))


async def correct_tallies(connection: Connection, database: Database, lacking: Mapping[str, int]) -> None:
    """Add to the ledger's sums, by state."""
    arguments = {"states": list(lacking), "deltas": list(lacking.values())}
    await connection.execute(database.sql(_CORRECT), arguments)


async def clear_left_overs(connection: Connection, database: Database) -> list[str]:
    """Delete rows beside events and runs that do not exist; returns their tables and events: `notes ID`."""
    cursor = await connection.execute(database.sql(_CLEAR))
    return [row[0] for row in await cursor.fetchall()]
