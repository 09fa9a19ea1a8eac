"""Progress notes that nodes write while they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headrace.domain.event import AttemptKey, Run
from headrace.store.database import Connection, Database

# Each claim raises the attempt, so that the number alone tells whether another worker took over. The last notes may
# come after the attempt has ended. Whoever ends the run, or erases the event, waits until this is stored, or this finds
# that it is too late.
_INSERT = """
WITH told AS (
    SELECT * FROM unnest(
        %(ids)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(written)b::timestamptz[], %(nodes)b::text[],
        %(notes)b::text[]
    ) AS told (event_id, run_number, attempt, written, node, note)
), spoke AS (
    SELECT DISTINCT event_id, run_number, attempt FROM told ORDER BY event_id
), held AS (
    SELECT s.* FROM spoke s, LATERAL (
        SELECT FROM headrace.runs
        WHERE event_id = s.event_id AND run_number = s.run_number AND attempt = s.attempt FOR KEY SHARE
    ) AS r
    UNION ALL
    SELECT s.* FROM spoke s, LATERAL (
        SELECT FROM headrace.results
        WHERE event_id = s.event_id AND run_number = s.run_number AND attempt = s.attempt FOR KEY SHARE
    ) AS f
), stored AS (
    INSERT INTO headrace.notes (event_id, written, attempt, node, note)
    SELECT event_id, written, attempt, node, note::json FROM told JOIN held USING (event_id, run_number, attempt)
)
SELECT event_id, run_number, attempt FROM held
"""


@dataclass(frozen=True, slots=True)
class Note:
    """What a node said at a moment: JSON."""

    run: Run
    node: str
    note: bytes
    written: datetime


async def insert_notes(connection: Connection, database: Database, notes: Sequence[Note]) -> None:
    """Store notes; those of attempts after which another began are left out, and those of events that were erased."""
    stored = await _insert(connection, database, notes)
    rest = [note for note in notes if note.run.attempt_key not in stored]
    if rest:  # the run of some may have ended while its row was waited for: its result is seen now
        await _insert(connection, database, rest)


async def _insert(connection: Connection, database: Database, notes: Sequence[Note]) -> set[AttemptKey]:
    cursor = await connection.execute(
        database.sql(_INSERT),
        {
            "ids": [note.run.event_id for note in notes],
            "run_numbers": [note.run.run_number for note in notes],
            "attempts": [note.run.attempt for note in notes],
            "written": [note.written for note in notes],
            "nodes": [note.node for note in notes],
            "notes": [note.note.decode() for note in notes],
        },
    )
    return set(await cursor.fetchall())
