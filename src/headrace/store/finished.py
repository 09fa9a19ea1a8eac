"""What is kept of finished events, as the search copy is made of it."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any
from uuid import UUID

from headrace.domain.making import FinishedEvent
from headrace.domain.marks import SEARCH, marks_of
from headrace.domain.values import value
from headrace.store.database import Connection, Database

# Each id is looked up by itself: OFFSET 0 keeps it so.
_READ = """
SELECT w.event_id, p.version, s.run_number, e.tenant, e.type, e.source, e.subject, s.ordering_key, e.body, s.state,
       s.reason, s.node, s.attempt, s.task_context::text, s.error::text, s.started_at, s.finished_at, s.release
FROM unnest(%(ids)s::uuid[]) AS w (event_id)
LEFT JOIN LATERAL (SELECT version FROM headrace.projections WHERE event_id = w.event_id OFFSET 0) AS p ON true
LEFT JOIN LATERAL (SELECT * FROM headrace.results WHERE event_id = w.event_id OFFSET 0) AS s ON true
LEFT JOIN LATERAL (SELECT * FROM headrace.events WHERE id = w.event_id OFFSET 0) AS e ON true
ORDER BY w.event_id
"""

_VERSIONS = """
SELECT event_id, 2 * run_number::bigint, task_context #> '{metadata,search}' FROM headrace.results
WHERE event_id > %(after)s AND event_id < %(end)s
ORDER BY event_id LIMIT %(most)s
"""

# The sizes are those of what is stored: nothing is unpacked to learn them.
_SIZES = """
SELECT coalesce(octet_length(e.body), 0) + coalesce(pg_column_size(s.task_context), 0)
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS w (event_id, place)
LEFT JOIN LATERAL (SELECT body FROM headrace.events WHERE id = w.event_id OFFSET 0) AS e ON true
LEFT JOIN LATERAL (SELECT task_context FROM headrace.results WHERE event_id = w.event_id OFFSET 0) AS s ON true
ORDER BY w.place
"""

_COUNT = "SELECT count(*) FROM headrace.results WHERE event_id >= %(first)s AND event_id < %(end)s"

_ENDS = """
SELECT first.event_id, last.event_id
FROM (SELECT event_id FROM headrace.results ORDER BY event_id LIMIT 1) AS first,
     (SELECT event_id FROM headrace.results ORDER BY event_id DESC LIMIT 1) AS last
"""


@value()
class GoneEvent:
    """An event without a result, for now or for ever."""

    event_id: UUID
    waiting_version: int | None


async def read_finished(
    connection: Connection, database: Database, ids: Sequence[UUID]
) -> list[FinishedEvent | GoneEvent]:
    """What there is of each, in the order of their ids, at one moment."""
    cursor = await connection.execute(database.sql(_READ), {"ids": list(ids)})
    return [_read(row) for row in await cursor.fetchall()]


def _read(row: Sequence[Any]) -> FinishedEvent | GoneEvent:
    event_id, waiting_version, run_number, tenant, *_ = row
    if run_number is None or tenant is None:
        return GoneEvent(event_id, waiting_version)
    return FinishedEvent(*row)


async def list_versions(
    connection: Connection, database: Database, after: UUID, end: UUID, most: int
) -> list[tuple[UUID, int, Sequence[str]]]:
    """Finished events behind the id `after` and before `end`, in order.

    Each with the version that the copy is to have, and the further indices that are to have the event too.
    """
    arguments = {"after": after, "end": end, "most": most}
    cursor = await connection.execute(database.sql(_VERSIONS), arguments)
    return [
        (event_id, version, () if marks is None else marks_of({SEARCH: marks}).indices)
        for event_id, version, marks in await cursor.fetchall()
    ]


async def count_fitting(connection: Connection, database: Database, ids: Sequence[UUID], most_bytes: int) -> int:
    """How many of the first of these events have `most_bytes` stored together; one at least, if there is one."""
    cursor = await connection.execute(database.sql(_SIZES), {"ids": list(ids)})
    sums = accumulate(size for (size,) in await cursor.fetchall())
    return max(1, sum(total <= most_bytes for total in sums)) if ids else 0


async def count_finished(connection: Connection, database: Database, first: UUID, end: UUID) -> int:
    """How many finished events there are from `first` on and before `end`."""
    cursor = await connection.execute(database.sql(_COUNT), {"first": first, "end": end})
    [(count,)] = await cursor.fetchall()
    return int(count)


async def find_ends(connection: Connection, database: Database) -> tuple[UUID, UUID] | None:
    """The oldest and the newest finished event; None if there is none."""
    cursor = await connection.execute(database.sql(_ENDS))
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])
