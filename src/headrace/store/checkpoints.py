"""The outputs of finished nodes of unfinished runs, and what earlier attempts at a run left altogether."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from headrace.domain.event import AttemptKey, NewEvent, Run
from headrace.domain.progress import Arrival, Awaited, Checkpoint, Kept, Pause
from headrace.domain.states import Reason
from headrace.store.body import unpack
from headrace.store.database import Connection, Database

# Whoever takes a run over waits until this is stored, or this finds that it was taken over.
_STORE = """
WITH under_way AS (
    SELECT * FROM unnest(%(run_ids)b::uuid[], %(owners)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[])
         AS under_way (event_id, owner, run_number, attempt)
), held AS (
    SELECT r.event_id, r.run_number, r.attempt, r.epoch
    FROM headrace.runs r JOIN under_way u USING (event_id, run_number, attempt)
    WHERE r.owner = u.owner
    ORDER BY r.event_id FOR SHARE OF r
), written AS (
    INSERT INTO headrace.checkpoints (event_id, epoch, node, item, node_version, output, times, emitted)
    SELECT h.event_id, h.epoch, c.node, c.item, c.node_version, c.output::json, c.times::json, c.emitted::json
    FROM held h JOIN unnest(
        %(ids)b::uuid[], %(of_run_numbers)b::int[], %(of_attempts)b::int[], %(nodes)b::text[], %(items)b::int[],
        %(versions)b::text[], %(outputs)b::text[], %(times)b::text[], %(emitted)b::text[]
    ) AS c (event_id, run_number, attempt, node, item, node_version, output, times, emitted)
         USING (event_id, run_number, attempt)
    ON CONFLICT (event_id, epoch, node, item) DO UPDATE
    SET node_version = excluded.node_version, output = excluded.output, times = excluded.times,
        emitted = excluded.emitted
)
SELECT event_id, run_number, attempt FROM held
"""

_UPSERT = """
INSERT INTO headrace.checkpoints (event_id, epoch, node, item, node_version, output, times, emitted)
SELECT c.event_id, c.epoch, c.node, c.item, c.node_version, c.output::json, c.times::json, c.emitted::json
FROM unnest(
    %(ids)b::uuid[], %(epochs)b::int[], %(nodes)b::text[], %(items)b::int[], %(versions)b::text[],
    %(outputs)b::text[], %(times)b::text[], %(emitted)b::text[]
) AS c (event_id, epoch, node, item, node_version, output, times, emitted)
ON CONFLICT (event_id, epoch, node, item) DO UPDATE
SET node_version = excluded.node_version, output = excluded.output, times = excluded.times, emitted = excluded.emitted
"""

_LOAD = """
SELECT c.event_id, c.node, c.item, c.node_version, c.output::text, c.times::text, c.emitted::text
FROM headrace.checkpoints c JOIN unnest(%(ids)b::uuid[], %(epochs)b::int[]) AS r (event_id, epoch)
     USING (event_id, epoch)
ORDER BY c.event_id, c.node, c.item
"""

_LOAD_WAITS = """
SELECT w.event_id, w.node, w.reason, nullif(w.expires, 'infinity'), w.type, w.match_key, w.since, e.id, e.body
FROM headrace.waits w LEFT JOIN headrace.events e ON e.id = w.arrived
WHERE w.event_id = ANY (%(ids)b)
ORDER BY w.event_id, w.node
"""


#: Outputs, each list with the run that it belongs to.
Outputs = Sequence[tuple[Run, Sequence[Checkpoint]]]


async def store_checkpoints(connection: Connection, database: Database, outputs: Outputs) -> set[AttemptKey]:
    """Store outputs of runs that are under way, in place of those of the same nodes and items.

    Returns the attempts that are still held: of a run that was taken over nothing is stored. One statement.
    """
    runs = {run.attempt_key: run for run, _ in outputs}
    cursor = await connection.execute(
        database.sql(_STORE),
        {
            "run_ids": [run.event_id for run in runs.values()],
            "owners": [run.owner for run in runs.values()],
            "run_numbers": [run.run_number for run in runs.values()],
            "attempts": [run.attempt for run in runs.values()],
            **_columns(outputs),
        },
    )
    return set(await cursor.fetchall())


async def upsert_checkpoints(connection: Connection, database: Database, outputs: Outputs) -> None:
    """Store outputs of runs that the caller's transaction holds."""
    await connection.execute(database.sql(_UPSERT), _columns(outputs))


async def load_kept(connection: Connection, database: Database, runs: Sequence[Run]) -> dict[UUID, Kept]:
    """What earlier attempts left, for each of `runs`. Two statements.

    A pause is there as long as no event arrived for it, also when its time has passed.
    """
    ids = [run.event_id for run in runs]
    cursor = await connection.execute(database.sql(_LOAD), {"ids": ids, "epochs": [run.epoch for run in runs]})
    outputs = await cursor.fetchall()
    cursor = await connection.execute(database.sql(_LOAD_WAITS), {"ids": ids})
    waits = await cursor.fetchall()
    checkpoints: defaultdict[UUID, list[Checkpoint]] = defaultdict(list)
    pauses: defaultdict[UUID, list[Pause]] = defaultdict(list)
    arrivals: defaultdict[UUID, dict[str, Arrival]] = defaultdict(dict)
    by_id = {run.event_id: run for run in runs}
    for event_id, *row in outputs:
        checkpoints[event_id].append(_checkpoint(by_id[event_id], row))
    for event_id, node, reason, due, type_, match_key, since, arrived, body in waits:
        if arrived is not None:
            arrivals[event_id][node] = Arrival(arrived, unpack(body), since)
        else:
            awaited = None if type_ is None else Awaited(type_, match_key)
            pauses[event_id].append(Pause(node, Reason(reason), due, awaited, since))
    return {id_: Kept(tuple(checkpoints[id_]), tuple(pauses[id_]), arrivals[id_]) for id_ in ids}


def _columns(outputs: Outputs) -> dict[str, Any]:
    """The newest of each node and item of an attempt: one statement writes a row once."""
    newest = {(run.attempt_key, each.node, each.item): (run, each) for run, several in outputs for each in several}
    runs = [run for run, _ in newest.values()]
    checkpoints = [checkpoint for _, checkpoint in newest.values()]
    return {
        "ids": [run.event_id for run in runs],
        "of_run_numbers": [run.run_number for run in runs],
        "of_attempts": [run.attempt for run in runs],
        "epochs": [run.epoch for run in runs],
        "nodes": [checkpoint.node for checkpoint in checkpoints],
        "items": [checkpoint.item for checkpoint in checkpoints],
        "versions": [checkpoint.version for checkpoint in checkpoints],
        "outputs": [None if checkpoint.output is None else checkpoint.output.decode() for checkpoint in checkpoints],
        "times": [checkpoint.times.decode() for checkpoint in checkpoints],
        "emitted": [_emitted_json(checkpoint.emitted) for checkpoint in checkpoints],
    }


def _checkpoint(run: Run, row: Sequence[Any]) -> Checkpoint:
    node, item, version, output, times, emitted = row
    return Checkpoint(
        node=node,
        version=version,
        output=None if output is None else output.encode(),
        times=times.encode(),
        item=item,
        emitted=tuple(_event(run, fields) for fields in orjson.loads(emitted or "[]")),
    )


def _emitted_json(events: Sequence[NewEvent]) -> str | None:
    if not events:
        return None
    fields = [{"id": e.id, "type": e.type, "match_key": e.match_key, "body": e.body.decode()} for e in events]
    return orjson.dumps(fields).decode()


def _event(run: Run, fields: dict[str, Any]) -> NewEvent:
    return NewEvent(
        id=UUID(fields["id"]),
        type=fields["type"],
        body=fields["body"].encode(),
        tenant=run.tenant,
        queue=run.queue,
        parent_id=run.event_id,
        match_key=fields["match_key"],
    )
