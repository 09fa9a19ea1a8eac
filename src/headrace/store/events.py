"""Storing what was accepted: the event, its run and its tally in one statement."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from headrace.domain.event import NewEvent
from headrace.domain.states import Reason
from headrace.store.body import pack
from headrace.store.database import Connection, Database

# The run and the tally come only from event rows that were really inserted, so that the statement may be sent again
# after a commit whose answer was lost: the run may be finished and gone by then.
_INSERT_EVENTS = """
WITH new AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(tenants)b::text[], %(types)b::text[], %(queues)b::text[], %(sources)b::text[],
        %(subjects)b::text[], %(match_keys)b::text[], %(parents)b::uuid[], %(traces)b::text[], %(headers)b::text[],
        %(bodies)b::bytea[], %(tasks)b::text[], %(releases)b::text[]
    ) AS new (id, tenant, type, queue, source, subject, match_key, parent_id, trace, headers, body, task, release)
), stored AS (
    INSERT INTO headrace.events (id, tenant, type, source, subject, match_key, parent_id, trace, headers, body)
    SELECT id, tenant, type, source, subject, match_key, parent_id, trace, headers::json, body FROM new
    ON CONFLICT DO NOTHING
    RETURNING id
), placed AS (
    INSERT INTO headrace.runs (event_id, tenant, type, queue, task, state, reason, rank, release)
    SELECT id, tenant, type, queue, task,
           CASE WHEN task IS NULL THEN 'queued' ELSE 'waiting' END,
           CASE WHEN task IS NULL THEN NULL ELSE %(own_task)s END,
           CASE WHEN task IS NULL THEN now() ELSE 'infinity' END,
           release
    FROM new JOIN stored USING (id)
), tallied AS (
    INSERT INTO headrace.tallies (state, delta) SELECT 'accepted', count(*) FROM stored HAVING count(*) > 0
)
SELECT id FROM stored
"""


async def insert_events(connection: Connection, database: Database, events: Sequence[NewEvent]) -> set[UUID]:
    """Store events with their runs, and return the ids that were new. One statement: all or nothing."""
    cursor = await connection.execute(
        database.sql(_INSERT_EVENTS),
        {
            "ids": [event.id for event in events],
            "tenants": [event.tenant for event in events],
            "types": [event.type for event in events],
            "queues": [event.queue for event in events],
            "sources": [event.source for event in events],
            "subjects": [event.subject for event in events],
            "match_keys": [event.match_key for event in events],
            "parents": [event.parent_id for event in events],
            "traces": [event.trace for event in events],
            "headers": [orjson.dumps(dict(event.headers)).decode() for event in events],
            "bodies": [pack(event.body) for event in events],
            "tasks": [event.task for event in events],
            "releases": [event.release for event in events],
            "own_task": Reason.OWN_TASK,
        },
    )
    return {row[0] for row in await cursor.fetchall()}
