"""Replays: the result is put aside, and its event has a run again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.progress import ANY_VERSION
from headrace.domain.states import EventState
from headrace.store.database import Connection, Database

# An event of a user's own task is processed by that task alone: only its sender can send it again.
_REPLAY = """
WITH gone AS (
    DELETE FROM headrace.results s USING headrace.events e
    WHERE s.event_id = ANY (%(ids)s) AND e.id = s.event_id AND e.task IS NULL
    RETURNING s.*, e.queue
), past AS (
    INSERT INTO headrace.past_results (
        event_id, run_number, epoch, state, reason, node, attempt, task_context, error, started_at, finished_at, release
    )
    SELECT event_id, run_number, epoch, state, reason, node, attempt, task_context, error, started_at, finished_at,
           release
    FROM gone
), placed AS (
    INSERT INTO headrace.runs (event_id, run_number, epoch, tenant, type, queue, ordering_key, release)
    SELECT event_id, run_number + 1,
           CASE WHEN %(keeps_epoch)s AND state <> 'succeeded' THEN epoch ELSE run_number + 1 END,
           tenant, type, queue, ordering_key, release
    FROM gone
    RETURNING event_id, epoch, queue
), tallied AS (
    INSERT INTO headrace.tallies (state, delta) SELECT state, -count(*) FROM gone GROUP BY state
)
SELECT p.event_id, p.epoch, p.queue, g.state, g.type
FROM placed p JOIN gone g USING (event_id) ORDER BY p.event_id
"""

# Of a run that had not succeeded, outputs are kept apart from its result. A node that let the run end early spares
# those that are to be called again. What was emitted keeps its ids, and so is accepted only once.
_CARRY_OVER_KEPT = """
UPDATE headrace.checkpoints c
SET epoch = r.epoch,
    times = CASE WHEN c.times -> 'finishes' IS NULL THEN c.times
                 ELSE (c.times::jsonb || jsonb_build_object('spares', %(redo)s::text[]))::json END
FROM unnest(%(ids)s::uuid[], %(epochs)s::int[]) AS r (event_id, epoch)
JOIN headrace.past_results p ON p.event_id = r.event_id AND p.run_number = r.epoch - 1 AND p.state <> 'succeeded'
WHERE c.event_id = r.event_id AND c.epoch = p.epoch AND c.node <> ALL (%(redo)s)
"""

# Of one that succeeded, the result has them, and the nodes that were skipped because they failed. A context that a user
# wrote may have any form.
_CARRY_OVER_RESULTS = """
WITH past AS (
    SELECT r.event_id, r.epoch, p.task_context -> 'nodes' AS nodes, p.task_context -> 'metadata' -> 'nodes' AS times
    FROM unnest(%(ids)s::uuid[], %(epochs)s::int[]) AS r (event_id, epoch)
    JOIN headrace.past_results p ON p.event_id = r.event_id AND p.run_number = r.epoch - 1 AND p.state = 'succeeded'
), finished AS (
    SELECT event_id, epoch, node, output,
           CASE json_typeof(times -> node) WHEN 'object' THEN times -> node ELSE '{}' END AS times
    FROM past, json_each(CASE json_typeof(nodes) WHEN 'object' THEN nodes ELSE '{}' END) AS finished (node, output)
    UNION ALL
    SELECT event_id, epoch, node, NULL, of_node
    FROM past, json_each(CASE json_typeof(times) WHEN 'object' THEN times ELSE '{}' END) AS skipped (node, of_node)
    WHERE of_node ->> 'state' = 'skipped' AND of_node -> 'error' IS NOT NULL
)
INSERT INTO headrace.checkpoints (event_id, epoch, node, node_version, output, times)
SELECT event_id, epoch, node, %(any_version)s, output,
       CASE WHEN times -> 'finishes' IS NULL THEN times
            ELSE (times::jsonb || jsonb_build_object('spares', %(redo)s::text[]))::json END
FROM finished WHERE node <> ALL (%(redo)s)
ON CONFLICT DO NOTHING
"""

_FORGET_OUTPUTS = """
DELETE FROM headrace.checkpoints c USING unnest(%(ids)s::uuid[], %(epochs)s::int[]) AS r (event_id, epoch)
WHERE c.event_id = r.event_id AND c.epoch <> r.epoch
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An event that has a run again: the epoch of that run, and the state that the event was in."""

    event_id: UUID
    epoch: int
    queue: str
    before: EventState
    type: str


async def replay(
    connection: Connection,
    database: Database,
    ids: Sequence[UUID],
    *,
    goes_on: bool,
    redo: frozenset[str] | None = None,
) -> list[Replayed]:
    """Give finished events a run again, due at once; returns those that were finished and are no task's own.

    With `goes_on` a failed or cancelled one keeps its epoch, and so its outputs and idempotency keys. Every other run
    begins a new epoch. With `redo`, the names of a node and all after it, each run begins a new epoch in which only
    these, and what was not finished, are called: all other outputs are carried over. To be called in the transaction
    that chose the events, and so holds their results.
    """
    arguments = {"ids": list(ids), "keeps_epoch": goes_on and redo is None}
    cursor = await connection.execute(database.sql(_REPLAY), arguments)
    replayed = [
        Replayed(event_id, epoch, queue, EventState(state), type_)
        for event_id, epoch, queue, state, type_ in await cursor.fetchall()
    ]
    epochs = {each.event_id: each.epoch for each in replayed}
    if redo is not None:
        await _carry_over(connection, database, epochs, redo)
    await _forget_outputs(connection, database, epochs)
    return replayed


async def _carry_over(
    connection: Connection, database: Database, epochs: Mapping[UUID, int], redo: frozenset[str]
) -> None:
    arguments = {"ids": list(epochs), "epochs": list(epochs.values()), "redo": sorted(redo)}
    await connection.execute(database.sql(_CARRY_OVER_KEPT), arguments)
    await connection.execute(database.sql(_CARRY_OVER_RESULTS), {**arguments, "any_version": ANY_VERSION})


async def _forget_outputs(connection: Connection, database: Database, epochs: Mapping[UUID, int]) -> None:
    arguments = {"ids": list(epochs), "epochs": list(epochs.values())}
    await connection.execute(database.sql(_FORGET_OUTPUTS), arguments)
