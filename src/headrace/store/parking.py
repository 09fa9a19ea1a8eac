"""Runs that nobody may or can take now are set aside, and brought back when somebody can."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from headrace.domain.states import Reason
from headrace.store.database import Connection, Database
from headrace.store.pausing import Paused

_PARK = """
WITH head AS (
    SELECT event_id, type, format FROM headrace.runs
    WHERE queue = %(queue)s AND rank <= now() AND owner IS NULL
    ORDER BY rank LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT event_id,
           CASE WHEN %(whole)s OR type = ANY (%(paused_types)s) THEN %(paused)s
                WHEN format > %(format)s THEN %(newer_release)s
                WHEN NOT %(served)s::jsonb ? type THEN %(no_pipeline)s END AS reason
    FROM head
)
UPDATE headrace.runs r SET state = 'waiting', reason = j.reason, since = now(), rank = 'infinity'
FROM judged j WHERE r.event_id = j.event_id AND j.reason IS NOT NULL
"""

# A run that did not fit a schema comes back when a process announces another version of that schema. A first run gets
# the place of its event; one of a replay, whose event may be of last year, goes behind what is due already.
_UNPARK = """
WITH parked AS (
    SELECT event_id FROM headrace.runs
    WHERE queue = %(queue)s AND rank = 'infinity' AND owner IS NULL
      AND (reason = %(no_pipeline)s AND %(served)s::jsonb ? type
           OR reason = %(schema_mismatch)s AND (%(served)s::jsonb -> type) - schema_hash <> '[]'
           OR reason = %(newer_release)s AND format <= %(format)s
           OR reason = %(paused)s AND NOT %(whole)s AND type <> ALL (%(paused_types)s))
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE headrace.runs r
SET state = 'queued', reason = NULL, since = now(),
    rank = CASE WHEN r.run_number = 1 THEN least(now(), headrace.time_of(r.event_id)) ELSE now() END
FROM parked p WHERE r.event_id = p.event_id
"""

#: By queue, the types that live workers have pipelines for, each with the hashes of their schemas.
Served = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Serving:
    """What may run now: by queue, what live workers take of types and of formats of runs, less what is paused."""

    served: Served = field(default_factory=dict)
    formats: Mapping[str, int] = field(default_factory=dict)
    paused: Paused = field(default_factory=Paused)


async def park(connection: Connection, database: Database, queue: str, serving: Serving, most: int) -> int:
    """Set aside those of the queue's first `most` due runs that nobody can take; returns how many."""
    cursor = await connection.execute(database.sql(_PARK), _arguments(queue, serving, most))
    return cursor.rowcount


async def unpark(connection: Connection, database: Database, queue: str, serving: Serving, most: int) -> int:
    """Bring back up to `most` of the queue's parked runs that a live worker may take now; returns how many."""
    cursor = await connection.execute(database.sql(_UNPARK), _arguments(queue, serving, most))
    return cursor.rowcount


def _arguments(queue: str, serving: Serving, most: int) -> dict[str, Any]:
    return {
        "queue": queue,
        "served": orjson.dumps(dict(serving.served.get(queue, {}))).decode(),
        "format": serving.formats.get(queue, 0),
        "whole": serving.paused.whole(queue),
        "paused_types": list(serving.paused.types),
        "most": most,
        "paused": Reason.PAUSED,
        "newer_release": Reason.NEWER_RELEASE,
        "no_pipeline": Reason.NO_PIPELINE,
        "schema_mismatch": Reason.SCHEMA_MISMATCH,
    }
