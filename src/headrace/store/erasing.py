"""Erasure: all that is kept of finished events goes. The ledger counts them, and the search copy is told."""

from collections.abc import Sequence
from uuid import UUID

from headrace.store.database import Connection, Database

_ERASE_RESULTS = """
WITH gone AS (
    DELETE FROM headrace.results WHERE event_id = ANY (%(ids)s) RETURNING event_id, state
), tallied AS (
    INSERT INTO headrace.tallies (state, delta)
    SELECT state, -count(*) FROM gone GROUP BY state
    UNION ALL SELECT 'erased', count(*) FROM gone HAVING count(*) > 0
)
SELECT event_id FROM gone ORDER BY event_id
"""

# A statement after the first: that has the row of the outbox now, and so whatever the projector was about to note of
# the event, as a refusal, is seen here or comes to nothing.
_ERASE_REST = """
WITH events AS (
    DELETE FROM headrace.events WHERE id = ANY (%(ids)s)
), past_results AS (
    DELETE FROM headrace.past_results WHERE event_id = ANY (%(ids)s)
), attempts AS (
    DELETE FROM headrace.attempts WHERE event_id = ANY (%(ids)s)
), logs AS (
    DELETE FROM headrace.logs WHERE event_id = ANY (%(ids)s)
), checkpoints AS (
    DELETE FROM headrace.checkpoints WHERE event_id = ANY (%(ids)s)
), notes AS (
    DELETE FROM headrace.notes WHERE event_id = ANY (%(ids)s)
), waits AS (
    DELETE FROM headrace.waits WHERE event_id = ANY (%(ids)s)
), cancellations AS (
    DELETE FROM headrace.cancellations WHERE event_id = ANY (%(ids)s)
), ticks AS (
    DELETE FROM headrace.ticks WHERE event_id = ANY (%(ids)s)
), idempotency AS (
    DELETE FROM headrace.idempotency WHERE event_id = ANY (%(ids)s)
)
DELETE FROM headrace.refusals WHERE event_id = ANY (%(ids)s)
"""


async def erase(connection: Connection, database: Database, ids: Sequence[UUID]) -> list[UUID]:
    """Forget finished events, whatever task processed them; returns those that were finished, in order.

    The events that they emitted stay. To be called in the transaction that chose them, and so holds their results.
    """
    cursor = await connection.execute(database.sql(_ERASE_RESULTS), {"ids": list(ids)})
    erased = [row[0] for row in await cursor.fetchall()]
    await connection.execute(database.sql(_ERASE_REST), {"ids": erased})
    return erased
