"""Claiming runs. The gate itself is the function `take` of the schema; see `migrations/functions.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.string import ByteaBinaryLoader

from headrace.domain.event import Losses, Run
from headrace.domain.states import Reason
from headrace.store.database import Connection, Database

_CLAIM_DUE = "SELECT * FROM headrace.claim_due(%(owner)s, %(queue)s, %(types)s, %(format)s, %(most)s)"
_CLAIM_NAMED = "SELECT * FROM headrace.claim_named(%(owner)s, %(queue)s, %(types)s, %(format)s, %(ids)s)"
_CLAIM_LOST = """
SELECT * FROM headrace.claim_lost(
    %(owner)s, %(queue)s, %(types)s, %(format)s, %(most)s, %(alone)s
)
"""

_RETRY_NOW = """
WITH due AS (
    UPDATE headrace.runs SET rank = now(), state = 'queued', reason = NULL, since = now(), schema_hash = NULL
    WHERE event_id = ANY (%(ids)s) AND owner IS NULL AND state = 'waiting' AND reason = ANY (%(reasons)s)
    RETURNING event_id, queue
), ended AS (
    UPDATE headrace.waits w SET expires = now()
    FROM due d WHERE w.event_id = d.event_id AND w.reason = 'retry' AND w.expires > now()
)
SELECT event_id, queue FROM due
"""

# The relay sees when it is due, also if that is now.
_RESCHEDULE = """
WITH moved AS (
    UPDATE headrace.runs SET rank = %(deliver_at)s, since = now()
    WHERE event_id = ANY (%(ids)s) AND owner IS NULL AND state = 'waiting' AND reason = %(delay)s
    RETURNING event_id
), noted AS (
    UPDATE headrace.events e SET deliver_at = %(deliver_at)s FROM moved m WHERE e.id = m.event_id
)
SELECT event_id FROM moved ORDER BY event_id
"""

# No index leads to an owner, so this reads all runs: it is asked only where an answer was lost.
_GIVE_STRAYS_BACK = """
WITH stray AS (
    SELECT r.event_id FROM headrace.runs r
    WHERE r.owner = %(owner)s AND NOT EXISTS (
        SELECT FROM unnest(%(ids)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[])
            AS held (event_id, run_number, attempt)
        WHERE (held.event_id, held.run_number, held.attempt) = (r.event_id, r.run_number, r.attempt)
    )
    ORDER BY r.event_id FOR UPDATE
)
UPDATE headrace.runs r SET owner = NULL, state = 'queued', since = now()
FROM stray WHERE r.event_id = stray.event_id
RETURNING r.event_id
"""

_LOCK = "SELECT FROM headrace.runs WHERE event_id = ANY (%(ids)s) ORDER BY event_id FOR UPDATE"

#: What a run waits for that an operator may cut short.
RETRIED = (Reason.RETRY, Reason.DELAY, Reason.SCHEMA_MISMATCH, Reason.NO_PIPELINE)

#: Those of nearly every run.
NO_LOSSES = Losses()

#: What jsonb sends of the same.
_NO_FAILURES = b"\x01{}"

#: The newest form of a run's row that this release understands; newer ones are left to newer workers.
FORMAT = 1


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
    *,
    alone: bool | None,
) -> list[Run]:
    """Take up to `most` due runs that lost workers: those that go alone in a process, the others, or (None) all."""
    arguments = {"owner": owner, "queue": queue, "types": list(types), "most": most, "alone": alone}
    return await _claim(connection, database.sql(_CLAIM_LOST), arguments)


async def retry_now(connection: Connection, database: Database, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Make runs due at once that wait for one of `RETRIED`; returns those that did, with their queues.

    All of their retries end. To be called in the transaction that chose them, and so holds them.
    """
    cursor = await connection.execute(database.sql(_RETRY_NOW), {"ids": list(ids), "reasons": list(RETRIED)})
    return dict(await cursor.fetchall())


async def reschedule(
    connection: Connection, database: Database, ids: Sequence[UUID], deliver_at: datetime
) -> list[UUID]:
    """Give runs that wait for their delivery another time of it; returns those that did, in the order of their ids.

    To be called in the transaction that chose them, and so holds them.
    """
    arguments = {"ids": list(ids), "deliver_at": deliver_at, "delay": Reason.DELAY}
    cursor = await connection.execute(database.sql(_RESCHEDULE), arguments)
    return [event_id for (event_id,) in await cursor.fetchall()]


async def give_strays_back(connection: Connection, database: Database, owner: UUID, held: Sequence[Run]) -> set[UUID]:
    """Free the runs that are this owner's and not among those that it holds, uncharged; returns them."""
    arguments = {
        "owner": owner,
        "ids": [run.event_id for run in held],
        "run_numbers": [run.run_number for run in held],
        "attempts": [run.attempt for run in held],
    }
    cursor = await connection.execute(database.sql(_GIVE_STRAYS_BACK), arguments)
    return {row[0] for row in await cursor.fetchall()}


async def lock_runs(connection: Connection, database: Database, ids: Sequence[UUID]) -> None:
    """Hold runs until the end of the transaction, before several statements write them.

    All who write more than one run take them in the order of their ids, so that no two wait for each other.
    """
    await connection.execute(database.sql(_LOCK), {"ids": list(ids)})


async def _claim(connection: Connection, statement: Any, arguments: dict[str, Any]) -> list[Run]:
    async with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader("jsonb", ByteaBinaryLoader)
        await cursor.execute(statement, {**arguments, "format": FORMAT})
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
        failures={} if failures == _NO_FAILURES else orjson.loads(failures[1:]),  # behind jsonb's version
        losses=Losses(losses, solo_losses, unseen_losses) if losses else NO_LOSSES,
        packed_body=body,
        started_at=started,
        begun_at=begun,
        pipeline=pipeline,
        source=source,
        subject=subject,
        parent_id=parent_id,
        trace=trace,
    )
