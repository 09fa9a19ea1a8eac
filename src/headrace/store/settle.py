"""Storing what became of runs: fenced by owner and attempt, a batch at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, LiteralString

from headrace.domain.event import AttemptKey, Run
from headrace.domain.settle import Delayed, Finished, Parked, Released, Settled
from headrace.domain.states import EventState
from headrace.store import endings
from headrace.store.checkpoints import upsert_checkpoints
from headrace.store.database import Connection, Database
from headrace.store.events import insert_events
from headrace.store.pauses import write_pauses
from headrace.store.runs import lock_runs

# Lines that are there already, whoever left them, must not make a good result one that cannot be stored.
_LOG = """
INSERT INTO headrace.logs (event_id, run_number, attempt, lines)
SELECT event_id, run_number, attempt, lines::json
FROM unnest(%(ids)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(lines)b::text[])
     AS logged (event_id, run_number, attempt, lines)
ON CONFLICT DO NOTHING
"""

# A failed or cancelled run keeps its outputs for a replay; it waits for nothing more.
_CLEAR = """
WITH outputs AS (
    DELETE FROM headrace.checkpoints WHERE event_id = ANY (%(done)s)
)
DELETE FROM headrace.waits WHERE event_id = ANY (%(ids)s)
"""


async def settle(
    connection: Connection, database: Database, batch: Sequence[Settled], now: datetime, release: str
) -> set[AttemptKey]:
    """Write a batch in id order and return the attempts that were still held; what was taken over is left alone.

    One statement for each kind of ending that the batch holds, and one for each kind of thing that these leave beside
    their results: log lines, outputs, pauses, emitted events. To be called in a transaction. Where there is more than a
    kind whose statement takes the runs in their order by itself, one before them does.
    """
    if len(batch) > 1 and not all(isinstance(settled, Finished) for settled in batch):
        await lock_runs(connection, database, [settled.run.event_id for settled in batch])
    held: set[AttemptKey] = set()
    for statement, columns, rows in _by_kind(batch):
        arguments = {**columns(rows), "now": now, "release": release}
        cursor = await connection.execute(database.sql(statement), arguments)
        held.update(await cursor.fetchall())
    kept = batch if len(held) == len(batch) else [one for one in batch if one.run.attempt_key in held]
    await _write_progress(connection, database, kept)
    await _write_endings(connection, database, [settled for settled in kept if isinstance(settled, Finished)], release)
    return held


_Columns = Callable[[Sequence[Any]], dict[str, Any]]


def _by_kind(batch: Sequence[Settled]) -> list[tuple[LiteralString, _Columns, list[Any]]]:
    """The statements that the batch needs, each with its own rows in id order."""
    kinds: tuple[tuple[type[Settled], LiteralString, _Columns], ...] = (
        (Finished, endings.FINISH, endings.finished_columns),
        (Delayed, endings.DELAY, endings.delayed_columns),
        (Parked, endings.PARK, endings.parked_columns),
        (Released, endings.RELEASE, endings.released_columns),
    )
    ordered = sorted(batch, key=lambda settled: settled.run.event_id.int)
    found = [(sql, columns, [s for s in ordered if isinstance(s, kind)]) for kind, sql, columns in kinds]
    return [part for part in found if part[2]]


async def _write_progress(connection: Connection, database: Database, kept: Sequence[Settled]) -> None:
    """What the attempts leave for the next ones: a statement for each kind that there is any of."""
    going = [settled for settled in kept if not isinstance(settled, Parked)]
    logged = [(settled.run, settled.progress.logged) for settled in going if settled.progress.logged is not None]
    outputs = [(settled.run, settled.progress.checkpoints) for settled in going if _leaves_outputs(settled)]
    delayed = [(settled.run, settled.progress.pauses) for settled in going if isinstance(settled, Delayed)]
    released = [(settled.run, settled.progress.pauses) for settled in going if isinstance(settled, Released)]
    if logged:
        await _write_logs(connection, database, logged)
    if outputs:
        await upsert_checkpoints(connection, database, outputs)
    if delayed or any(pauses for _, pauses in released):
        await write_pauses(connection, database, replaced=delayed, added=released)


def _leaves_outputs(settled: Finished | Delayed | Released) -> bool:
    ends_well = isinstance(settled, Finished) and settled.state is EventState.SUCCEEDED
    return bool(settled.progress.checkpoints) and not ends_well


async def _write_logs(connection: Connection, database: Database, logged: Sequence[tuple[Run, bytes]]) -> None:
    await connection.execute(
        database.sql(_LOG),
        {
            "ids": [run.event_id for run, _ in logged],
            "run_numbers": [run.run_number for run, _ in logged],
            "attempts": [run.attempt for run, _ in logged],
            "lines": [lines.decode() for _, lines in logged],
        },
    )


async def _write_endings(connection: Connection, database: Database, kept: Sequence[Finished], release: str) -> None:
    """Take away what finished runs no longer need, and accept the events that they emitted, each id once."""
    cleared = [finished for finished in kept if finished.clears]
    if cleared:
        done = [finished.run.event_id for finished in cleared if finished.state is EventState.SUCCEEDED]
        ids = [finished.run.event_id for finished in cleared]
        await connection.execute(database.sql(_CLEAR), {"ids": ids, "done": done})
    emitted = {event.id: replace(event, release=event.release or release) for f in kept for event in f.emitted}
    if emitted:
        await insert_events(connection, database, [emitted[event_id] for event_id in sorted(emitted)])
