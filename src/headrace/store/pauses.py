"""The pauses of runs, as rows in `waits`."""

from collections.abc import Sequence

from headrace.domain.event import Run
from headrace.domain.progress import Pause
from headrace.store.database import Connection, Database

# The caller's transaction holds the runs. An event that arrived during the attempt was not seen by it: the run that
# waits for it goes on at once.
_WRITE = """
WITH paused AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(nodes)b::text[], %(reasons)b::text[], %(dues)b::timestamptz[], %(tenants)b::text[],
        %(types)b::text[], %(match_keys)b::text[]
    ) AS paused (event_id, node, reason, due, tenant, type, match_key)
), ended AS (
    DELETE FROM headrace.waits w
    WHERE w.event_id = ANY (%(replaced)s)
      AND NOT EXISTS (SELECT FROM paused p WHERE p.event_id = w.event_id AND p.node = w.node)
), written AS (
    INSERT INTO headrace.waits AS w (event_id, node, reason, expires, tenant, type, match_key)
    SELECT event_id, node, reason, coalesce(due, 'infinity'), tenant, type, match_key FROM paused
    ON CONFLICT (event_id, node) DO UPDATE
    SET reason = excluded.reason, expires = excluded.expires, type = excluded.type, match_key = excluded.match_key,
        arrived = CASE WHEN w.type = excluded.type AND w.match_key = excluded.match_key THEN w.arrived END
    RETURNING w.event_id, w.arrived
)
UPDATE headrace.runs r SET rank = least(r.rank, now()), state = 'queued', reason = NULL, since = now()
WHERE r.event_id IN (SELECT event_id FROM written WHERE arrived IS NOT NULL)
  AND r.owner IS NULL AND r.state = 'waiting' AND r.reason IN ('wait', 'sleep')
"""

#: A run with its pauses.
Paused = tuple[Run, Sequence[Pause]]


async def write_pauses(
    connection: Connection, database: Database, *, replaced: Sequence[Paused], added: Sequence[Paused]
) -> None:
    """Write pauses of runs that the caller's transaction has just set free.

    The rows of `replaced` runs are those of their pauses afterwards; `added` runs keep what they have besides. An event
    that arrived for a pause is kept when the pause is written again.
    """
    rows = [(run, pause) for run, pauses in [*replaced, *added] for pause in pauses]
    awaited = [pause.awaited for _, pause in rows]
    await connection.execute(
        database.sql(_WRITE),
        {
            "ids": [run.event_id for run, _ in rows],
            "nodes": [pause.node for _, pause in rows],
            "reasons": [pause.reason for _, pause in rows],
            "dues": [pause.due for _, pause in rows],
            "tenants": [run.tenant for run, _ in rows],
            "types": [event and event.type for event in awaited],
            "match_keys": [event and event.match_key for event in awaited],
            "replaced": [run.event_id for run, _ in replaced],
        },
    )
