"""The parts of the search copy where it lies in Postgres: of each month one that readers see, and maybe a new one.

Whoever writes to what readers see holds on to that until it has written: a new part takes its place before or after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.store.database import Connection, Database
from headrace.store.waits import PIN

#: Rows of a part that nobody sees which are deleted at a time.
MOST_DROPPED = 1_000

_HOLD = "SELECT month, part FROM headrace.parts WHERE month = ANY (%(months)s) ORDER BY month FOR SHARE"

_MAKE = """
INSERT INTO headrace.parts (month, part)
SELECT * FROM unnest(%(months)s::text[], %(parts)s::text[]) AS new (month, part) ORDER BY month
ON CONFLICT DO NOTHING
"""

_COUNT = """
WITH gone AS MATERIALIZED (
    SELECT part, count(*) AS count FROM headrace.documents WHERE gone IS NOT NULL GROUP BY part
)
SELECT p.month, held.count - coalesce(gone.count, 0), coalesce(held.batch, 0)
FROM headrace.parts p
CROSS JOIN LATERAL (
    SELECT count(*) AS count, max(batch) AS batch FROM headrace.documents WHERE part = p.part
) AS held
LEFT JOIN gone ON gone.part = p.part
ORDER BY p.month
"""

_PAGE = """
SELECT event_id, version FROM headrace.documents
WHERE event_id > %(after)s AND event_id < %(end)s AND gone IS NULL
  AND part = (SELECT part FROM headrace.parts WHERE month = %(month)s)
  AND (%(index)s::text IS NULL OR indices @> ARRAY[%(index)s::text])
ORDER BY event_id LIMIT %(most)s
"""

_COUNT_FURTHER = """
SELECT name, count(*) FROM headrace.documents, unnest(indices) AS name
WHERE event_id >= %(first)s AND event_id < %(end)s AND gone IS NULL
  AND part = (SELECT part FROM headrace.parts WHERE month = %(month)s)
GROUP BY name
"""

_IS_BUILT = "SELECT EXISTS (SELECT FROM headrace.parts WHERE month = %(month)s AND building = %(part)s)"

_BEGIN = """
INSERT INTO headrace.parts AS p (month, part, building) VALUES (%(month)s, %(first)s, %(part)s)
ON CONFLICT (month) DO UPDATE SET building = excluded.building WHERE p.part <> excluded.building
"""

_SHOW = """
UPDATE headrace.parts SET part = %(part)s, building = nullif(building, %(part)s)
WHERE month = %(month)s AND (building = %(part)s OR part = %(part)s)
"""

_DROP = """
WITH chunk AS MATERIALIZED (
    SELECT event_id, part FROM headrace.documents
    WHERE event_id >= %(first)s AND event_id < %(end)s AND part <> ALL (ARRAY(
        SELECT unnest(array_remove(ARRAY[part, building], NULL)) FROM headrace.parts WHERE month = %(month)s
    ))
    ORDER BY event_id LIMIT %(most)s
), dropped AS (
    DELETE FROM headrace.documents d USING chunk c WHERE d.event_id = c.event_id AND d.part = c.part
)
SELECT event_id FROM chunk ORDER BY event_id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """A month, with the documents of the part that readers see, and the newest batch in it."""

    month: str
    documents: int
    newest_batch: int


def part_of(month: str, generation: int) -> str:
    """What a generation of a month is called: `2026.11-7`."""
    return f"{month}-{generation}"


async def hold_parts(connection: Connection, database: Database, months: Sequence[str]) -> Mapping[str, str]:
    """By month the part that readers see, and will see until the transaction ends; what is missing is made."""
    held = await _held(connection, database, months)
    if missing := sorted(set(months) - held.keys()):
        first = [part_of(month, 1) for month in missing]
        await connection.execute(database.sql(_MAKE), {"months": missing, "parts": first})
        held = await _held(connection, database, months)
    return held


async def _held(connection: Connection, database: Database, months: Sequence[str]) -> Mapping[str, str]:
    cursor = await connection.execute(database.sql(_HOLD), {"months": list(months)})
    return dict(await cursor.fetchall())


async def count_parts(connection: Connection, database: Database) -> list[Counted]:
    """All months, in order."""
    await connection.execute(PIN)
    cursor = await connection.execute(database.sql(_COUNT))
    return [Counted(*row) for row in await cursor.fetchall()]


async def list_documents(
    connection: Connection, database: Database, month: str, after: UUID, end: UUID, most: int, index: str | None
) -> list[tuple[UUID, int]]:
    """Events behind the id `after` and before `end` that readers see in a month, each with its version, in order.

    All, or those that are to be found in a further index.
    """
    await connection.execute(PIN)
    arguments = {"month": month, "after": after, "end": end, "most": most, "index": index}
    cursor = await connection.execute(database.sql(_PAGE), arguments)
    return [(event_id, version) for event_id, version in await cursor.fetchall()]


async def count_further(
    connection: Connection, database: Database, month: str, first: UUID, end: UUID
) -> dict[str, int]:
    """How many events from the id `first` on and before `end` each further index has, of those that readers see."""
    await connection.execute(PIN)
    cursor = await connection.execute(database.sql(_COUNT_FURTHER), {"month": month, "first": first, "end": end})
    return dict(await cursor.fetchall())


async def is_built(connection: Connection, database: Database, month: str, generation: int) -> bool:
    """Whether a generation of a month is being built."""
    arguments = {"month": month, "part": part_of(month, generation)}
    cursor = await connection.execute(database.sql(_IS_BUILT), arguments)
    [(found,)] = await cursor.fetchall()
    return bool(found)


async def begin_part(connection: Connection, database: Database, month: str, generation: int) -> None:
    """Note that a generation of a month is being built, unless readers see it already."""
    arguments = {"month": month, "first": part_of(month, 1), "part": part_of(month, generation)}
    await connection.execute(database.sql(_BEGIN), arguments)


async def show_part(connection: Connection, database: Database, month: str, generation: int) -> bool:
    """Let readers see a generation of a month; returns False where it was neither begun nor is seen already."""
    arguments = {"month": month, "part": part_of(month, generation)}
    cursor = await connection.execute(database.sql(_SHOW), arguments)
    return cursor.rowcount == 1


async def drop_others(connection: Connection, database: Database, month: str, first: UUID, end: UUID) -> UUID | None:
    """Delete rows of a month that are of no part that is seen or built: some, from the id `first` on and before `end`.

    Returns the id to go on from, None at the end.
    """
    await connection.execute(PIN)
    arguments = {"month": month, "first": first, "end": end, "most": MOST_DROPPED}
    cursor = await connection.execute(database.sql(_DROP), arguments)
    row = await cursor.fetchone()
    return None if row is None else row[0]
