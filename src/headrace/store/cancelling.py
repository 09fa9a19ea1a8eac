"""Ending runs before they are through: at once where nobody holds them, else by asking their owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.event import AttemptKey
from headrace.store.database import Connection, Database

# Outputs stay for a replay, as those of a failed run do.
_CANCEL = """
WITH gone AS (
    DELETE FROM headrace.runs WHERE event_id = ANY (%(ids)s) AND owner IS NULL RETURNING *
), stored AS (
    INSERT INTO headrace.results (
        event_id, run_number, epoch, tenant, type, ordering_key, state, attempt, started_at, finished_at, release
    )
    SELECT event_id, run_number, epoch, tenant, type, ordering_key, 'cancelled', attempt, begun, now(), release
    FROM gone
), awaited AS (
    DELETE FROM headrace.waits w USING gone g WHERE w.event_id = g.event_id
), asked AS (
    DELETE FROM headrace.cancellations c USING gone g WHERE c.event_id = g.event_id
), tallied AS (
    INSERT INTO headrace.tallies (state, delta) SELECT 'cancelled', count(*) FROM gone HAVING count(*) > 0
)
SELECT event_id FROM gone
"""

_ASK = """
INSERT INTO headrace.cancellations (event_id, run_number, actor)
SELECT event_id, run_number, %(actor)s FROM headrace.runs WHERE event_id = ANY (%(ids)s) AND owner IS NOT NULL
ON CONFLICT (event_id) DO UPDATE SET run_number = excluded.run_number, actor = excluded.actor
RETURNING event_id
"""

# There are few of these at a time, and a run is found by its key.
_ASKED_OF = """
SELECT r.event_id, r.run_number, r.attempt
FROM headrace.cancellations c JOIN headrace.runs r USING (event_id, run_number)
WHERE r.owner = %(owner)s
"""

# Locked as it is found, so that no other run of the event, after a replay, is cancelled in its place. What somebody
# else has locked is looked at in the next pass: the relay waits for nobody.
_UNHELD = """
SELECT r.event_id FROM headrace.cancellations c JOIN headrace.runs r USING (event_id, run_number)
WHERE r.owner IS NULL ORDER BY r.event_id FOR UPDATE OF r SKIP LOCKED
"""

_FORGET = """
DELETE FROM headrace.cancellations WHERE event_id IN (
    SELECT c.event_id FROM headrace.cancellations c
    WHERE NOT EXISTS (SELECT FROM headrace.runs r WHERE r.event_id = c.event_id AND r.run_number = c.run_number)
    FOR UPDATE OF c SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """`ended` were held by nobody and are cancelled; the owners of `asked` end them within a second or two."""

    ended: frozenset[UUID]
    asked: frozenset[UUID]


async def cancel(connection: Connection, database: Database, ids: Sequence[UUID], actor: str) -> Cancelled:
    """Cancel unfinished runs; those that are finished or unknown are in neither set.

    To be called in the transaction that chose them, and so holds them.
    """
    cursor = await connection.execute(database.sql(_CANCEL), {"ids": list(ids)})
    ended = frozenset(row[0] for row in await cursor.fetchall())
    cursor = await connection.execute(database.sql(_ASK), {"ids": list(ids), "actor": actor})
    return Cancelled(ended, frozenset(row[0] for row in await cursor.fetchall()))


async def find_cancelled(connection: Connection, database: Database, owner: UUID) -> set[AttemptKey]:
    """Which of an owner's attempts are to end now."""
    cursor = await connection.execute(database.sql(_ASKED_OF), {"owner": owner})
    return set(await cursor.fetchall())


async def cancel_unheld(connection: Connection, database: Database) -> None:
    """Cancel runs that were asked to end and that their owner left otherwise, and forget what is over.

    What others have locked is left to the next call.
    """
    async with connection.transaction():
        cursor = await connection.execute(database.sql(_UNHELD))
        ids = [row[0] for row in await cursor.fetchall()]
        if ids:
            await connection.execute(database.sql(_CANCEL), {"ids": ids})
        await connection.execute(database.sql(_FORGET))
