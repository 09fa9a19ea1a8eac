"""The relay's one statement a pass: keep or take the lead, and see whether anything needs doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.store.database import Connection, Database
from headrace.store.parking import Serving
from headrace.store.pausing import as_paused

#: The post that relays compete for.
RELAY_POST = "relay"

# The first due run of each queue, and the first open wait, are asked for in order and alone: by a plain EXISTS the
# planner reads all that is due.
_LOOK = """
WITH lead AS (
    INSERT INTO headrace.leases AS l (post, holder, expires)
    VALUES (%(post)s, %(holder)s, now() + make_interval(secs => %(lease_seconds)s))
    ON CONFLICT (post) DO UPDATE
    SET holder = excluded.holder, expires = excluded.expires,
        since = CASE WHEN l.holder = excluded.holder THEN l.since ELSE now() END
    WHERE l.holder = excluded.holder OR l.expires <= now()
    RETURNING true
), live AS (
    SELECT queues, types, format FROM headrace.workers WHERE expires > now() AND queues <> '{}'
), served AS (
    SELECT queue, jsonb_object_agg(type, hashes) AS types
    FROM (
        SELECT queue, type, jsonb_agg(DISTINCT hash) AS hashes
        FROM live, unnest(live.queues) AS queue, jsonb_each_text(live.types) AS known (type, hash)
        GROUP BY queue, type
    ) AS announced GROUP BY queue
), lost AS NOT MATERIALIZED (
    SELECT headrace.goes_alone(r.losses, r.unseen_losses) AS alone
    FROM headrace.runs r JOIN served s USING (queue)
    WHERE r.losses > 0 AND NOT headrace.is_sound(r.losses, r.unseen_losses)
      AND r.rank <= now() AND r.owner IS NULL AND r.queue = ANY (%(own_queues)s) AND s.types ? r.type
)
SELECT now(), EXISTS (SELECT FROM lead),
       EXISTS (SELECT FROM headrace.workers WHERE expires <= now()
               AND (swept IS NULL OR swept <= now() - make_interval(secs => %(sweep_again_seconds)s))),
       (SELECT count(*) FROM (SELECT FROM lost WHERE NOT alone LIMIT %(many)s) AS together),
       (SELECT count(*) FROM (SELECT FROM lost WHERE alone LIMIT %(many)s) AS alone),
       EXISTS (SELECT FROM headrace.cancellations), EXISTS (SELECT FROM headrace.projections),
       EXISTS (SELECT FROM headrace.tallies OFFSET %(few_tallies)s),
       EXISTS (SELECT FROM (SELECT FROM headrace.waits WHERE type IS NOT NULL AND arrived IS NULL
                            ORDER BY event_id, node LIMIT 1) AS awaiting),
       (SELECT jsonb_object_agg(queue, types) FROM served),
       (SELECT jsonb_object_agg(queue, format)
        FROM (SELECT queue, max(format) AS format FROM live, unnest(live.queues) AS queue GROUP BY queue) AS newest),
       (SELECT jsonb_agg(jsonb_build_array(scope, name)) FROM headrace.paused),
       (SELECT array_agg(queue) FROM (SELECT DISTINCT unnest(queues) AS queue FROM live) AS named,
               LATERAL (SELECT FROM headrace.runs r
                        WHERE r.queue = named.queue AND r.rank <= now() AND r.owner IS NULL
                        ORDER BY r.rank LIMIT 1) AS due),
       (SELECT min(next.rank) FROM (SELECT DISTINCT unnest(queues) AS queue FROM live) AS named,
               LATERAL (SELECT r.rank FROM headrace.runs r
                        WHERE r.queue = named.queue AND r.rank > now() AND r.owner IS NULL
                          AND r.rank <= now() + make_interval(secs => %(ahead_seconds)s)
                        ORDER BY r.rank LIMIT 1) AS next),
       (SELECT due FROM headrace.schedules WHERE due <= now() + make_interval(secs => %(ahead_seconds)s)
        ORDER BY due LIMIT 1)
"""

# What is paused is set aside by the relay soon; what waits no longer than a moment is on its way.
_IS_BEHIND = """
SELECT EXISTS (
    SELECT FROM (
        SELECT DISTINCT unnest(queues) AS queue FROM headrace.workers WHERE expires > now() AND queues <> '{}'
    ) AS served, LATERAL (
        SELECT FROM headrace.runs r
        WHERE r.queue = served.queue AND r.rank <= now() - interval '1 second' AND r.owner IS NULL
        ORDER BY r.rank LIMIT 1
    ) AS due
)
"""

_RESIGN = "DELETE FROM headrace.leases WHERE post = %(post)s AND holder = %(holder)s"

#: The rows of the dead are swept a second time after this long, for a claim that was still on its way at the first.
SWEEP_AGAIN_SECONDS = 60.0


#: So many rows of the ledger need not be folded: each state has one.
FEW_TALLIES = 16

#: Of more due runs that lost workers, nobody asks how many.
MANY_LOST = 100


@dataclass(frozen=True, slots=True)
class LostDue:
    """How many due runs that lost workers go together, and how many alone; `MANY_LOST` stands for any more."""

    together: int
    alone: int


@dataclass(frozen=True, slots=True)
class View:
    """What a relay sees at a moment of the database: whether it leads, and what waits to be done.

    `cancelling` says whether a run that is under way, or was, is to be cancelled; `unindexed`, whether the search copy
    lacks anything; `unfolded`, whether the ledger has grown; `awaiting`, whether a run waits for an event; `next_due`,
    when the next run is due, and `next_schedule`, when the next schedule is, where that is soon or has passed.
    """

    moment: datetime
    leads: bool
    dead_workers: bool
    lost_due: LostDue
    cancelling: bool
    unindexed: bool
    unfolded: bool
    awaiting: bool
    serving: Serving
    due_queues: tuple[str, ...]
    next_due: datetime | None
    next_schedule: datetime | None


async def look(
    connection: Connection,
    database: Database,
    holder: UUID,
    lease_seconds: float,
    ahead_seconds: float,
    own_queues: Sequence[str] = (),
) -> View:
    """One statement: take or keep the lead for `lease_seconds` if it is free, look around, and `ahead_seconds` ahead.

    `own_queues` are those in which due runs that lost workers are of interest.
    """
    cursor = await connection.execute(
        database.sql(_LOOK),
        {
            "post": RELAY_POST,
            "holder": holder,
            "lease_seconds": lease_seconds,
            "ahead_seconds": ahead_seconds,
            "sweep_again_seconds": SWEEP_AGAIN_SECONDS,
            "own_queues": list(own_queues),
            "many": MANY_LOST,
            "few_tallies": FEW_TALLIES,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return _view(row)


async def is_behind(connection: Connection, database: Database) -> bool:
    """Whether due events wait for a worker for a second or longer."""
    cursor = await connection.execute(database.sql(_IS_BEHIND))
    [(behind,)] = await cursor.fetchall()
    return bool(behind)


async def resign(connection: Connection, database: Database, holder: UUID) -> None:
    """Leave the post, so that another relay leads at its next look."""
    await connection.execute(database.sql(_RESIGN), {"post": RELAY_POST, "holder": holder})


def _view(row: tuple[Any, ...]) -> View:
    moment, leads, dead, lost_together, lost_alone, *seen, served, formats, paused, due, next_due, next_schedule = row
    cancelling, unindexed, unfolded, awaiting = seen
    return View(
        moment=moment,
        leads=leads,
        dead_workers=dead,
        lost_due=LostDue(lost_together, lost_alone),
        cancelling=cancelling,
        unindexed=unindexed,
        unfolded=unfolded,
        awaiting=awaiting,
        serving=Serving(served or {}, formats or {}, as_paused(paused or ())),
        due_queues=tuple(due or ()),
        next_due=next_due,
        next_schedule=next_schedule,
    )
