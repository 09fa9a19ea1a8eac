"""Claiming runs. The gate itself is the function `take` of the schema; see `migrations/functions.sql`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from headrace.domain.event import Losses, Run
from headrace.store.body import unpack
from headrace.store.database import Connection, Database

_CLAIM_DUE = "SELECT * FROM headrace.claim_due(%(owner)s, %(queue)s, %(types)s, %(most)s)"
_CLAIM_NAMED = "SELECT * FROM headrace.claim_named(%(owner)s, %(queue)s, %(types)s, %(ids)s)"
_CLAIM_LOST = """
SELECT * FROM headrace.claim_lost(%(owner)s, %(queue)s, %(types)s, %(most)s, %(fewest_losses)s, %(most_losses)s)
"""

_RETRY_NOW = """
WITH due AS (
    UPDATE headrace.runs SET rank = now(), state = 'queued', reason = NULL, since = now(), schema_hash = NULL
    WHERE event_id = ANY (%(ids)s) AND owner IS NULL AND state = 'waiting'
      AND reason IN ('retry', 'schema-mismatch', 'no-pipeline')
    RETURNING event_id
), ended AS (
    UPDATE headrace.waits w SET expires = now()
    FROM due d WHERE w.event_id = d.event_id AND w.reason = 'retry' AND w.expires > now()
)
SELECT event_id FROM due
"""

_LOCK = "SELECT FROM headrace.runs WHERE event_id = ANY (%(ids)s) ORDER BY event_id FOR UPDATE"

#: More losses than any run can have.
ANY_LOSSES = 32_767


async def claim_due(
    connection: Connection, database: Database, owner: UUID, queue: str, types: Sequence[str], most: int
) -> list[Run]:
    """Take up to `most` of the queue's oldest due runs that never lost a worker."""
    arguments = {"owner": owner, "queue": queue, "types": list(types), "most": most}
    return await _claim(connection, database.sql(_CLAIM_DUE), arguments)


async def claim_named(
    connection: Connection, database: Database, owner: UUID, queue: str, types: Sequence[str], ids: Sequence[UUID]
) -> list[Run]:
    """Take those of `ids` that are due; none of them while an older run of the queue is due."""
    arguments = {"owner": owner, "queue": queue, "types": list(types), "ids": list(ids)}
    return await _claim(connection, database.sql(_CLAIM_NAMED), arguments)


async def claim_lost(
    connection: Connection,
    database: Database,
    owner: UUID,
    queue: str,
    types: Sequence[str],
    most: int,
    losses: tuple[int, int],
) -> list[Run]:
    """Take up to `most` due runs that lost between `losses[0]` and `losses[1]` workers, both included."""
    arguments = {
        "owner": owner,
        "queue": queue,
        "types": list(types),
        "most": most,
        "fewest_losses": losses[0],
        "most_losses": losses[1],
    }
    return await _claim(connection, database.sql(_CLAIM_LOST), arguments)


async def retry_now(connection: Connection, database: Database, ids: Sequence[UUID]) -> set[UUID]:
    """Make runs due at once that wait for a retry, or are parked; returns those that did. Their retries all end."""
    cursor = await connection.execute(database.sql(_RETRY_NOW), {"ids": list(ids)})
    return {row[0] for row in await cursor.fetchall()}


async def lock_runs(connection: Connection, database: Database, ids: Sequence[UUID]) -> None:
    """Hold runs until the end of the transaction, before several statements write them.

    All who write more than one run take them in the order of their ids, so that no two wait for each other.
    """
    await connection.execute(database.sql(_LOCK), {"ids": list(ids)})


async def _claim(connection: Connection, statement: Any, arguments: dict[str, Any]) -> list[Run]:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement, arguments)
        return [_run(arguments["owner"], row) for row in await cursor.fetchall()]


def _run(owner: UUID, row: tuple[Any, ...]) -> Run:
    (
        event_id, run_number, epoch, tenant, type_, queue, attempt, failures,
        losses, solo_losses, unseen_losses, started, begun, pipeline, body, source, subject, parent_id, trace,
    ) = row  # fmt: skip
    return Run(
        event_id=event_id,
        owner=owner,
        type=type_,
        tenant=tenant,
        queue=queue,
        run_number=run_number,
        epoch=epoch,
        attempt=attempt,
        failures=failures,
        losses=Losses(losses, solo_losses, unseen_losses),
        body=unpack(body),
        started_at=started,
        begun_at=begun,
        pipeline=pipeline,
        source=source,
        subject=subject,
        parent_id=parent_id,
        trace=trace,
    )
