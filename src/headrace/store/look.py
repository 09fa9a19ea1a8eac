"""The relay's one statement a pass: keep or take the lead, and see whether anything needs doing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.store.database import Connection, Database

#: The post that relays compete for.
RELAY_POST = "relay"

# The first due run of each queue is asked for in order and alone: by a plain EXISTS the planner reads all that is due.
_LOOK = """
WITH lead AS (
    INSERT INTO headrace.leases AS l (post, holder, expires)
    VALUES (%(post)s, %(holder)s, now() + make_interval(secs => %(lease_seconds)s))
    ON CONFLICT (post) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
    WHERE l.holder = excluded.holder OR l.expires <= now()
    RETURNING true
), live AS (
    SELECT queues, types FROM headrace.workers WHERE expires > now() AND queues <> '{}'
), served AS (
    SELECT queue, jsonb_object_agg(type, hashes) AS types
    FROM (
        SELECT queue, type, jsonb_agg(DISTINCT hash) AS hashes
        FROM live, unnest(live.queues) AS queue, jsonb_each_text(live.types) AS known (type, hash)
        GROUP BY queue, type
    ) AS announced GROUP BY queue
), lost AS NOT MATERIALIZED (
    SELECT r.losses FROM headrace.runs r JOIN served s USING (queue)
    WHERE r.losses > 0 AND r.rank <= now() AND r.owner IS NULL AND r.queue = ANY (%(own_queues)s) AND s.types ? r.type
)
SELECT now(), EXISTS (SELECT FROM lead),
       EXISTS (SELECT FROM headrace.workers WHERE expires <= now()
               AND (swept IS NULL OR swept <= now() - make_interval(secs => %(sweep_again_seconds)s))),
       EXISTS (SELECT FROM lost WHERE losses = 1),
       EXISTS (SELECT FROM lost WHERE losses > 1),
       (SELECT jsonb_object_agg(queue, types) FROM served),
       (SELECT array_agg(queue) FROM (SELECT DISTINCT unnest(queues) AS queue FROM live) AS named,
               LATERAL (SELECT FROM headrace.runs r
                        WHERE r.queue = named.queue AND r.rank <= now() AND r.owner IS NULL
                        ORDER BY r.rank LIMIT 1) AS due)
"""

_RESIGN = "DELETE FROM headrace.leases WHERE post = %(post)s AND holder = %(holder)s"

#: The rows of the dead are swept a second time after this long, for a claim that was still on its way at the first.
SWEEP_AGAIN_SECONDS = 60.0

#: By queue, the types that live workers have pipelines for, each with the hashes of their schemas.
Served = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class LostDue:
    """Whether runs are due that lost one worker, and such that lost more."""

    once: bool
    more: bool


@dataclass(frozen=True, slots=True)
class View:
    """What a relay sees at a moment of the database: whether it leads, and what waits to be done."""

    moment: datetime
    leads: bool
    dead_workers: bool
    lost_due: LostDue
    served: Served
    due_queues: tuple[str, ...]


async def look(
    connection: Connection, database: Database, holder: UUID, lease_seconds: float, own_queues: Sequence[str] = ()
) -> View:
    """One statement: take or keep the lead for `lease_seconds` if it is free, and look around.

    `own_queues` are those in which due runs that lost workers are of interest.
    """
    cursor = await connection.execute(
        database.sql(_LOOK),
        {
            "post": RELAY_POST,
            "holder": holder,
            "lease_seconds": lease_seconds,
            "sweep_again_seconds": SWEEP_AGAIN_SECONDS,
            "own_queues": list(own_queues),
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    moment, leads, dead, lost_once, lost_more, served, due = row
    return View(moment, leads, dead, LostDue(lost_once, lost_more), served or {}, tuple(due or ()))


async def resign(connection: Connection, database: Database, holder: UUID) -> None:
    """Leave the post, so that another relay leads at its next look."""
    await connection.execute(database.sql(_RESIGN), {"post": RELAY_POST, "holder": holder})
