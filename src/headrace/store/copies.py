"""What is known of the search copy: the number of its next batch, what its parts were seen to hold, what is rebuilt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.store.database import Connection, Database

_NEXT = """
SELECT nextval('headrace.batches'),
       (SELECT jsonb_object_agg(month, generation) FROM headrace.rebuilds WHERE place = %(place)s)
"""

_SKIP = "SELECT setval('headrace.batches', greatest(%(batch)s, (SELECT last_value FROM headrace.batches)))"

_SEEN = """
SELECT (SELECT jsonb_object_agg(month, batch) FROM headrace.copies WHERE place = %(place)s),
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM headrace.batches)
"""

_NOTE = """
WITH seen AS (
    SELECT * FROM unnest(%(months)s::text[], %(batches)s::bigint[]) AS seen (month, batch)
), gone AS (
    DELETE FROM headrace.copies WHERE place = %(place)s AND month <> ALL (%(months)s)
)
INSERT INTO headrace.copies (place, month, batch) SELECT %(place)s, month, batch FROM seen
ON CONFLICT (place, month) DO UPDATE SET batch = excluded.batch
"""

_BEGIN = """
INSERT INTO headrace.rebuilds (place, month, generation, first_batch)
SELECT %(place)s, month, batch + 1, batch
FROM unnest(%(months)s::text[]) AS month, nextval('headrace.batches') AS batch
ON CONFLICT (place, month) DO NOTHING
"""

_UNDER_WAY = """
SELECT month, generation, first_batch, reached FROM headrace.rebuilds WHERE place = %(place)s ORDER BY month
"""

_BEGIN_ANEW = """
UPDATE headrace.rebuilds r SET (generation, first_batch, reached) = (batch + 1, batch, NULL)
FROM nextval('headrace.batches') AS batch
WHERE r.place = %(place)s AND r.month = %(month)s AND r.generation = %(generation)s
RETURNING r.generation, r.first_batch
"""

_REACH = """
UPDATE headrace.rebuilds SET reached = %(reached)s
WHERE place = %(place)s AND month = %(month)s AND generation = %(generation)s
"""

_END = """
DELETE FROM headrace.rebuilds WHERE place = %(place)s AND month = %(month)s AND generation = %(generation)s
"""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A month that is built anew as a `generation`, up to the event `reached` so far, in batches from the first on."""

    month: str
    generation: int
    first_batch: int
    reached: UUID | None


async def next_batch(connection: Connection, database: Database, place: str) -> tuple[int, Mapping[str, int]]:
    """The number of the next batch for a place, and the generation of each month that is being rebuilt there."""
    cursor = await connection.execute(database.sql(_NEXT), {"place": place})
    [(batch, rebuilding)] = await cursor.fetchall()
    return batch, rebuilding or {}


async def skip_batches(connection: Connection, database: Database, batch: int) -> None:
    """Have the next batches numbered above this one."""
    await connection.execute(database.sql(_SKIP), {"batch": batch})


async def seen_batches(connection: Connection, database: Database, place: str) -> tuple[Mapping[str, int], int]:
    """The newest batch that each month of a place was seen to hold, and the newest of whatever place; 0 before any."""
    cursor = await connection.execute(database.sql(_SEEN), {"place": place})
    [(seen, newest)] = await cursor.fetchall()
    return seen or {}, int(newest)


async def note_batches(connection: Connection, database: Database, place: str, seen: Mapping[str, int]) -> None:
    """Note these as the newest batches, of these months and no others."""
    arguments = {"place": place, "months": list(seen), "batches": list(seen.values())}
    await connection.execute(database.sql(_NOTE), arguments)


async def begin_rebuilds(connection: Connection, database: Database, place: str, months: Sequence[str]) -> None:
    """Note that these months are rebuilt, each as a generation that it never had; one that is noted already stays."""
    await connection.execute(database.sql(_BEGIN), {"place": place, "months": list(months)})


async def list_rebuilds(connection: Connection, database: Database, place: str) -> list[Rebuild]:
    """What is noted to be rebuilt at a place, in the order of the months."""
    cursor = await connection.execute(database.sql(_UNDER_WAY), {"place": place})
    return [Rebuild(*row) for row in await cursor.fetchall()]


async def begin_anew(connection: Connection, database: Database, place: str, begun: Rebuild) -> Rebuild | None:
    """Have a rebuild begin from the first event, as another generation; None if it has ended or was begun anew."""
    arguments = {"place": place, "month": begun.month, "generation": begun.generation}
    cursor = await connection.execute(database.sql(_BEGIN_ANEW), arguments)
    row = await cursor.fetchone()
    return None if row is None else Rebuild(begun.month, row[0], row[1], None)


async def reach(connection: Connection, database: Database, place: str, begun: Rebuild, reached: UUID) -> None:
    """Note how far a rebuild has come."""
    arguments = {"place": place, "month": begun.month, "generation": begun.generation, "reached": reached}
    await connection.execute(database.sql(_REACH), arguments)


async def end_rebuild(connection: Connection, database: Database, place: str, begun: Rebuild) -> None:
    """Note that a month is rebuilt no more."""
    arguments = {"place": place, "month": begun.month, "generation": begun.generation}
    await connection.execute(database.sql(_END), arguments)
