"""Storing what was accepted: the event, its idempotency key, its run and its tally in one statement."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from headrace.domain.event import NewEvent
from headrace.domain.states import Reason
from headrace.store.body import pack
from headrace.store.database import Connection, Database

#: How long the statement waits for an open transaction that has one of its idempotency keys.
KEY_WAIT_MILLISECONDS = 200

# The run and the tally come only from event rows that were really inserted, so that the statement may be sent again
# after a commit whose answer was lost: the run may be finished and gone by then. An event with an idempotency key is
# inserted only if its key was. Keys are taken in one order, so that no two groups wait for each other.
# The wait is set inside the statement, which a pooler cannot lose, and only where there is a key to wait for.
_INSERT_EVENTS = """
WITH new AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(tenants)b::text[], %(types)b::text[], %(queues)b::text[], %(sources)b::text[],
        %(subjects)b::text[], %(match_keys)b::text[], %(parents)b::uuid[], %(traces)b::text[], %(headers)b::text[],
        %(bodies)b::bytea[], %(tasks)b::text[], %(releases)b::text[], %(key_hashes)b::bytea[], %(body_hashes)b::bytea[],
        %(deliveries)b::timestamptz[]
    ) AS new (
        id, tenant, type, queue, source, subject, match_key, parent_id, trace, headers, body, task, release,
        key_hash, body_hash, deliver_at
    )
), keyed AS (
    INSERT INTO headrace.idempotency (tenant, key_hash, event_id, body_hash)
    SELECT tenant, key_hash, id, body_hash FROM new
    WHERE key_hash IS NOT NULL AND set_config('lock_timeout', %(key_wait)s, true) IS NOT NULL
    ORDER BY tenant, key_hash, id
    ON CONFLICT DO NOTHING
    RETURNING event_id
), stored AS (
    INSERT INTO headrace.events (
        id, tenant, type, queue, task, source, subject, match_key, parent_id, trace, headers, body, deliver_at
    )
    SELECT id, tenant, type, queue, task, source, subject, match_key, parent_id, trace, headers::json, body, deliver_at
    FROM new
    WHERE key_hash IS NULL OR id IN (SELECT event_id FROM keyed)
    ON CONFLICT DO NOTHING
    RETURNING id
), placed AS (
    INSERT INTO headrace.runs (event_id, tenant, type, queue, task, state, reason, rank, release)
    SELECT id, tenant, type, queue, task,
           CASE WHEN task IS NOT NULL OR deliver_at > now() THEN 'waiting' ELSE 'queued' END,
           CASE WHEN task IS NOT NULL THEN %(own_task)s WHEN deliver_at > now() THEN %(delay)s END,
           CASE WHEN task IS NULL THEN greatest(now(), deliver_at) ELSE 'infinity' END,
           release
    FROM new JOIN stored USING (id)
), tallied AS (
    INSERT INTO headrace.tallies (state, delta) SELECT 'accepted', count(*) FROM stored HAVING count(*) > 0
)
SELECT id FROM stored
"""


async def insert_events(connection: Connection, database: Database, events: Sequence[NewEvent]) -> set[UUID]:
    """Store events with their runs, and return the ids that were new. One statement: all or nothing.

    What is not new was stored before, under its own id or, if it has an idempotency key, maybe under another.
    """
    keys = [event.idempotency for event in events]
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
            "key_hashes": [key and key.key_hash for key in keys],
            "body_hashes": [key and key.body_hash for key in keys],
            "key_wait": f"{KEY_WAIT_MILLISECONDS}ms",
            "deliveries": [event.deliver_at for event in events],
            "own_task": Reason.OWN_TASK,
            "delay": Reason.DELAY,
        },
    )
    return {row[0] for row in await cursor.fetchall()}
