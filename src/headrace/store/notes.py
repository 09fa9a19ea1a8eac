"""Progress notes that nodes write while they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headrace.domain.event import Run
from headrace.store.database import Connection, Database

# Each claim raises the attempt, so that the number alone tells whether another worker took over. The last notes may
# come after the attempt has ended.
_INSERT = """
INSERT INTO headrace.notes (event_id, written, attempt, node, note)
SELECT n.event_id, n.written, n.attempt, n.node, n.note::json
FROM unnest(
    %(ids)b::uuid[], %(run_numbers)b::int[], %(attempts)b::int[], %(written)b::timestamptz[], %(nodes)b::text[],
    %(notes)b::text[]
) AS n (event_id, run_number, attempt, written, node, note)
WHERE EXISTS (SELECT FROM headrace.runs r
              WHERE r.event_id = n.event_id AND r.run_number = n.run_number AND r.attempt = n.attempt)
   OR EXISTS (SELECT FROM headrace.results s
              WHERE s.event_id = n.event_id AND s.run_number = n.run_number AND s.attempt = n.attempt)
"""


@dataclass(frozen=True, slots=True)
class Note:
    """What a node said at a moment: JSON."""

    run: Run
    node: str
    note: bytes
    written: datetime


async def insert_notes(connection: Connection, database: Database, notes: Sequence[Note]) -> None:
    """Store notes; those of attempts after which another began are left out."""
    await connection.execute(
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
