"""Events and the runs that wait for them come together.

Either side first commits its own, the wait or the event, and then looks for the other in a new snapshot: whichever
commits later finds both. What a side misses because its process ended between the two is found by the relay's sweep.
"""

from collections.abc import Sequence
from uuid import UUID

from headrace.store.database import Connection, Database

# Runs are locked before their waits, and in id order, as settling does. An arrival is never overwritten. A run that
# somebody holds, or that waits for a retry, finds it at its next attempt.
# What the lock returns is the run as it is now; the update still begins with the run as it was before the lock. So
# its conditions are put to the locked row, and it writes the owner, which is NULL, for the sake of the table's check.
_BRING_TOGETHER = """
, held AS (
    SELECT r.event_id, r.state, r.reason
    FROM (SELECT DISTINCT event_id FROM found ORDER BY event_id) AS f, LATERAL (
        SELECT event_id, state, reason FROM headrace.runs WHERE event_id = f.event_id FOR UPDATE
    ) AS r
), arrived AS (
    UPDATE headrace.waits w SET arrived = f.id
    FROM found f JOIN held USING (event_id)
    WHERE w.event_id = ANY (ARRAY(SELECT event_id FROM held)) AND w.event_id = f.event_id AND w.node = f.node
      AND w.arrived IS NULL AND w.tenant = f.tenant AND w.type = f.type AND w.match_key = f.match_key
    RETURNING w.event_id
), woken AS (
    UPDATE headrace.runs r
    SET rank = least(r.rank, now()), owner = NULL, state = 'queued', reason = NULL, since = now()
    WHERE r.event_id = ANY (ARRAY(SELECT event_id FROM arrived JOIN held h USING (event_id)
                                  WHERE h.state = 'waiting' AND h.reason IN ('wait', 'sleep')))
    RETURNING r.event_id, r.queue
)
"""

# The first that was accepted after the run's own event. An emitted event carries its parent's time in its id, and was
# accepted when the parent finished; of parents that took longer than a week it is found by `MATCH_EVENTS` alone.
_FIRST_EVENT = """
    SELECT e.id FROM headrace.events e
    WHERE e.tenant = w.tenant AND e.type = w.type AND e.match_key = w.match_key
      AND e.id > headrace.first_id_at(headrace.time_of(w.event_id) - interval '7 days')
      AND (e.id > w.event_id OR e.parent_id IS NOT NULL AND EXISTS (
          SELECT FROM headrace.results s
          WHERE s.event_id = e.parent_id AND s.finished_at > headrace.time_of(w.event_id)
      ))
    ORDER BY e.id LIMIT 1
"""

#: Before each look, in its transaction: tables whose statistics lag behind would else be read whole.
PIN = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"

# Each id is looked up by itself: OFFSET 0 keeps it so.
MATCH_RUNS = f"""
WITH found AS MATERIALIZED (
    SELECT w.event_id, w.node, w.tenant, w.type, w.match_key, first.id
    FROM unnest(%(ids)s::uuid[]) AS run (event_id), LATERAL (
        SELECT * FROM headrace.waits
        WHERE event_id = run.event_id AND type IS NOT NULL AND arrived IS NULL OFFSET 0
    ) AS w, LATERAL ({_FIRST_EVENT}) AS first
)
{_BRING_TOGETHER}
SELECT event_id, queue FROM woken
"""  # noqa: S608  # composed of constants alone

MATCH_EVENTS = f"""
WITH found AS MATERIALIZED (
    SELECT DISTINCT ON (w.event_id, w.node) w.event_id, w.node, w.tenant, w.type, w.match_key, e.id
    FROM unnest(%(ids)s::uuid[]) AS came (id), LATERAL (
        SELECT id, tenant, type, match_key, parent_id FROM headrace.events WHERE id = came.id OFFSET 0
    ) AS e, LATERAL (
        SELECT * FROM headrace.waits
        WHERE tenant = e.tenant AND type = e.type AND match_key = e.match_key AND arrived IS NULL
          AND (event_id < e.id OR e.parent_id IS NOT NULL)
        OFFSET 0
    ) AS w
    ORDER BY w.event_id, w.node, e.id
)
{_BRING_TOGETHER}
SELECT event_id, queue FROM woken
"""  # noqa: S608  # composed of constants alone

MATCH_SOME = f"""
WITH looked_at AS MATERIALIZED (
    SELECT * FROM headrace.waits w
    WHERE w.type IS NOT NULL AND w.arrived IS NULL AND (w.event_id, w.node) > (%(after_id)s, %(after_node)s)
    ORDER BY w.event_id, w.node LIMIT %(most)s
), found AS MATERIALIZED (
    SELECT w.event_id, w.node, w.tenant, w.type, w.match_key, first.id
    FROM looked_at w, LATERAL ({_FIRST_EVENT}) AS first
)
{_BRING_TOGETHER}
, last AS (
    SELECT event_id, node FROM looked_at ORDER BY event_id DESC, node DESC LIMIT 1
)
SELECT (SELECT count(*) FROM looked_at), (SELECT event_id FROM last), (SELECT node FROM last), woken.event_id,
       woken.queue
FROM (VALUES (1)) AS one LEFT JOIN woken ON true
"""  # noqa: S608  # composed of constants alone

#: A run that may go on, with its queue.
Woken = tuple[UUID, str]

#: The place of a sweep: the event and the node of the last wait that it looked at.
Place = tuple[UUID, str]

#: Where a sweep begins.
START: Place = (UUID(int=0), "")


async def match_runs(connection: Connection, database: Database, run_ids: Sequence[UUID]) -> list[Woken]:
    """Look for the events that runs wait for, and return the runs that may go on.

    To be called after the waits were committed, outside of that transaction.
    """
    return await _match(connection, database.sql(MATCH_RUNS), run_ids)


async def match_events(connection: Connection, database: Database, event_ids: Sequence[UUID]) -> list[Woken]:
    """Look for the runs that wait for events, and return those that may go on. An event satisfies all that want it.

    To be called soon after the events were committed, outside of that transaction.
    """
    return await _match(connection, database.sql(MATCH_EVENTS), event_ids)


async def match_some(connection: Connection, database: Database, after: Place, most: int) -> tuple[list[Woken], Place]:
    """Look for the events of the next `most` open waits, and return the runs that may go on and the next place."""
    arguments = {"after_id": after[0], "after_node": after[1], "most": most}
    async with connection.transaction():
        await connection.execute(PIN)
        rows = await (await connection.execute(database.sql(MATCH_SOME), arguments)).fetchall()
    looked_at, last_id, last_node = rows[0][:3]
    woken = [(event_id, queue) for *_, event_id, queue in rows if event_id is not None]
    return woken, (last_id, last_node) if looked_at == most else START


async def _match(connection: Connection, statement: str, ids: Sequence[UUID]) -> list[Woken]:
    async with connection.transaction():
        await connection.execute(PIN)
        cursor = await connection.execute(statement.encode(), {"ids": sorted(ids)})
    return [(event_id, queue) for event_id, queue in await cursor.fetchall()]
