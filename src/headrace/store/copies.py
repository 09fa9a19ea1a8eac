"""What is known of the search copy: the number of its next batch, what its parts were seen to hold, what is rebuilt."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from headrace.store.database import Connection, Database

_NEXT = """
SELECT nextval('headrace.batches'),
       (SELECT jsonb_object_agg(month, generation) FROM headrace.rebuilds WHERE place = %(place)s)
"""

_NEWEST = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM headrace.batches"

_SKIP = "SELECT setval('headrace.batches', greatest(%(batch)s, (SELECT last_value FROM headrace.batches)))"

_SEEN = "SELECT month, batch FROM headrace.copies WHERE place = %(place)s"

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
SELECT %(place)s, %(month)s, batch + 1, batch FROM nextval('headrace.batches') AS batch
ON CONFLICT (place, month) DO NOTHING
"""

_FIND = """
SELECT generation, first_batch, reached FROM headrace.rebuilds WHERE place = %(place)s AND month = %(month)s
"""

_REACH = "UPDATE headrace.rebuilds SET reached = %(reached)s WHERE place = %(place)s AND month = %(month)s"

_END = "DELETE FROM headrace.rebuilds WHERE place = %(place)s AND month = %(month)s"


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


async def newest_batch(connection: Connection, database: Database) -> int:
    """The number of the newest batch, of whatever place; 0 before the first."""
    cursor = await connection.execute(database.sql(_NEWEST))
    [(batch,)] = await cursor.fetchall()
    return int(batch)


async def skip_batches(connection: Connection, database: Database, batch: int) -> None:
    """Have the next batches numbered above this one."""
    await connection.execute(database.sql(_SKIP), {"batch": batch})


async def seen_batches(connection: Connection, database: Database, place: str) -> dict[str, int]:
    """The newest batch that each month of a place was seen to hold."""
    cursor = await connection.execute(database.sql(_SEEN), {"place": place})
    return dict(await cursor.fetchall())


async def note_batches(connection: Connection, database: Database, place: str, seen: Mapping[str, int]) -> None:
    """Note these as the newest batches, of these months and no others."""
    arguments = {"place": place, "months": list(seen), "batches": list(seen.values())}
    await connection.execute(database.sql(_NOTE), arguments)


async def begin_rebuild(connection: Connection, database: Database, place: str, month: str) -> Rebuild:
    """Note that a month is rebuilt, as a generation that it never had; where that is noted already, it goes on."""
    arguments = {"place": place, "month": month}
    await connection.execute(database.sql(_BEGIN), arguments)
    cursor = await connection.execute(database.sql(_FIND), arguments)
    [row] = await cursor.fetchall()
    return Rebuild(month, *row)


async def reach(connection: Connection, database: Database, place: str, month: str, reached: UUID) -> None:
    """Note how far a rebuild has come."""
    await connection.execute(database.sql(_REACH), {"place": place, "month": month, "reached": reached})


async def end_rebuild(connection: Connection, database: Database, place: str, month: str) -> None:
    """Note that a month is rebuilt no more."""
    await connection.execute(database.sql(_END), {"place": place, "month": month})
