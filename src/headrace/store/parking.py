"""Runs that no live worker can take are set aside, and brought back when one can."""

from collections.abc import Sequence

import orjson

from headrace.domain.states import Reason
from headrace.store.database import Connection, Database
from headrace.store.look import Served

_PARK = """
WITH head AS (
    SELECT event_id, type FROM headrace.runs
    WHERE queue = %(queue)s AND rank <= now() AND owner IS NULL
    ORDER BY rank LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE headrace.runs r SET state = 'waiting', reason = %(reason)s, since = now(), rank = 'infinity'
FROM head h WHERE r.event_id = h.event_id AND h.type <> ALL (%(types)s)
"""

# A run that did not fit a schema comes back when a process announces another version of that schema.
_UNPARK = """
WITH parked AS (
    SELECT event_id FROM headrace.runs
    WHERE queue = %(queue)s AND rank = 'infinity' AND owner IS NULL
      AND (reason = %(no_pipeline)s AND %(served)s::jsonb ? type
           OR reason = %(schema_mismatch)s AND (%(served)s::jsonb -> type) - schema_hash <> '[]')
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE headrace.runs r
SET state = 'queued', reason = NULL, since = now(), rank = least(now(), headrace.time_of(r.event_id))
FROM parked p WHERE r.event_id = p.event_id
"""


async def park(connection: Connection, database: Database, queue: str, types: Sequence[str], most: int) -> int:
    """Among the queue's first `most` due runs, set aside those of other types than `types`; returns how many."""
    arguments = {"queue": queue, "types": list(types), "most": most, "reason": Reason.NO_PIPELINE}
    cursor = await connection.execute(database.sql(_PARK), arguments)
    return cursor.rowcount


async def unpark(connection: Connection, database: Database, queue: str, served: Served, most: int) -> int:
    """Bring back up to `most` of the queue's parked runs that a live worker may take now; returns how many."""
    arguments = {
        "queue": queue,
        "served": orjson.dumps(dict(served.get(queue, {}))).decode(),
        "most": most,
        "no_pipeline": Reason.NO_PIPELINE,
        "schema_mismatch": Reason.SCHEMA_MISMATCH,
    }
    cursor = await connection.execute(database.sql(_UNPARK), arguments)
    return cursor.rowcount
