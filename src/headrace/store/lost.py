"""Runs whose worker is gone: found, counted, and freed or given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from headrace.domain.event import Losses, Run
from headrace.domain.settle import Lost
from headrace.store.database import Connection, Database
from headrace.store.look import SWEEP_AGAIN_SECONDS

# A heartbeat that comes late waits for the end of the transaction, and finds its row swept.
_LOCK_DEAD = """
SELECT FROM headrace.workers WHERE expires <= now() AND (death_seen OR NOT %(only_seen)s) ORDER BY id FOR UPDATE
"""

# A run whose owner has no row: its claim was still on its way when the row of the dead was forgotten. What a process
# that stands still has locked, in the midst of a transaction, must not keep the others from being freed.
_FIND = """
SELECT r.event_id, r.type, r.tenant, r.queue, r.run_number, r.epoch, r.attempt, r.failures,
       r.losses, r.solo_losses, r.unseen_losses, r.since, r.owner, coalesce(w.role, ''), coalesce(w.death_seen, false),
       coalesce(r.begun, r.since), r.pipeline
FROM headrace.runs r LEFT JOIN headrace.workers w ON w.id = r.owner
WHERE r.owner IS NOT NULL
  AND (w.expires <= now() AND (w.death_seen OR NOT %(only_seen)s) OR w.id IS NULL AND NOT %(only_seen)s)
ORDER BY r.rank LIMIT %(most)s FOR UPDATE OF r SKIP LOCKED
"""

# The rank is left as it is: a lost run was due, and a claim that changes no indexed column stays cheap. A row that is
# there already, whoever left it, must not keep all the others from being freed.
_FREE = """
WITH lost AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(attempts)b::int[], %(owners)b::uuid[], %(totals)b::int2[], %(solos)b::int2[],
        %(unseens)b::int2[]
    ) AS lost (event_id, attempt, owner, losses, solo_losses, unseen_losses)
), freed AS (
    UPDATE headrace.runs r
    SET owner = NULL, state = 'queued', since = now(), losses = l.losses, solo_losses = l.solo_losses,
        unseen_losses = l.unseen_losses
    FROM lost l WHERE r.event_id = l.event_id AND r.owner = l.owner AND r.attempt = l.attempt
    RETURNING r.event_id, r.run_number, r.attempt, r.release, l.owner AS worker
), kept AS (
    INSERT INTO headrace.attempts (event_id, run_number, attempt, outcome, worker, ended_at, release)
    SELECT event_id, run_number, attempt, 'lost', worker, now(), release FROM freed
    ON CONFLICT DO NOTHING
)
SELECT event_id FROM freed
"""

# Whoever still holds runs, because they were locked, is looked at again.
_SWEPT = """
WITH again AS (
    DELETE FROM headrace.workers w
    WHERE w.expires <= now() AND w.swept <= now() - make_interval(secs => %(sweep_again_seconds)s)
      AND NOT EXISTS (SELECT FROM headrace.runs r WHERE r.owner = w.id)
)
UPDATE headrace.workers w SET swept = now()
WHERE w.expires <= now() AND w.swept IS NULL AND (w.death_seen OR NOT %(only_seen)s)
  AND NOT EXISTS (SELECT FROM headrace.runs r WHERE r.owner = w.id)
"""


@dataclass(frozen=True, slots=True)
class LostRun:
    """A run that a vanished process still holds. `run.packed_body` is not read and empty."""

    run: Run
    role: str
    death_seen: bool


async def find_lost(connection: Connection, database: Database, most: int, *, only_seen: bool = False) -> list[LostRun]:
    """Up to `most` runs of processes whose lease has run out, in the order in which they were due; not the locked ones.

    With `only_seen`, of those processes alone whose end a supervisor saw. Until the end of the transaction none of
    these processes can renew its lease, and nobody else writes these runs.
    """
    await connection.execute(database.sql(_LOCK_DEAD), {"only_seen": only_seen})
    cursor = await connection.execute(database.sql(_FIND), {"most": most, "only_seen": only_seen})
    return [_lost_run(row) for row in await cursor.fetchall()]


def _lost_run(row: Sequence[Any]) -> LostRun:
    return LostRun(
        run=Run(
            event_id=row[0], owner=row[12], type=row[1], tenant=row[2], queue=row[3], run_number=row[4], epoch=row[5],
            attempt=row[6], failures=row[7], losses=Losses(row[8], row[9], row[10]), packed_body=b"",
            started_at=row[11], begun_at=row[15], pipeline=row[16],
        ),
        role=row[13],
        death_seen=row[14],
    )  # fmt: skip


async def free_lost(connection: Connection, database: Database, lost: Sequence[tuple[LostRun, Lost]]) -> set[UUID]:
    """Free runs that others may claim now, with their new counts, and keep the lost attempts."""
    ordered = sorted(lost, key=lambda pair: pair[0].run.event_id)
    cursor = await connection.execute(
        database.sql(_FREE),
        {
            "ids": [found.run.event_id for found, _ in ordered],
            "attempts": [found.run.attempt for found, _ in ordered],
            "owners": [found.run.owner for found, _ in ordered],
            "totals": [after.losses.total for _, after in ordered],
            "solos": [after.losses.solo for _, after in ordered],
            "unseens": [after.losses.unseen for _, after in ordered],
        },
    )
    return {row[0] for row in await cursor.fetchall()}


async def mark_swept(connection: Connection, database: Database, *, only_seen: bool = False) -> None:
    """Note that the runs of the dead were freed, and forget those of whom this was the second time."""
    arguments = {"sweep_again_seconds": SWEEP_AGAIN_SECONDS, "only_seen": only_seen}
    await connection.execute(database.sql(_SWEPT), arguments)
