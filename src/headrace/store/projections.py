"""The outbox of the search copy: events whose entry has changed, and entries that the copy would not take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.domain.states import FINISHED
from headrace.store.database import Connection, Database

#: Rows of the outbox that are counted at most, and those in which the oldest is looked for.
MOST_COUNTED, MOST_SEARCHED = 100_000, 1000

# The sizes are those of what is stored: nothing is unpacked to learn them.
_CHOOSE = """
SELECT p.event_id, coalesce(octet_length(e.body), 0) + coalesce(pg_column_size(s.task_context), 0)
FROM (
    SELECT event_id FROM headrace.projections WHERE event_id > %(after)s ORDER BY event_id LIMIT %(most)s
) AS p
LEFT JOIN LATERAL (SELECT body FROM headrace.events WHERE id = p.event_id OFFSET 0) AS e ON true
LEFT JOIN LATERAL (SELECT task_context FROM headrace.results WHERE event_id = p.event_id OFFSET 0) AS s ON true
ORDER BY p.event_id
"""

# A row whose version rose meanwhile is to be written once more, and stays.
_COMPLETE = """
WITH written AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[]) AS written (event_id, version)
), done AS (
    SELECT p.event_id FROM headrace.projections p JOIN written USING (event_id, version)
    ORDER BY p.event_id FOR UPDATE OF p
), taken AS (
    DELETE FROM headrace.refusals WHERE event_id IN (SELECT event_id FROM done)
)
DELETE FROM headrace.projections p USING done WHERE p.event_id = done.event_id
"""

_REFUSE = """
WITH refused AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[], %(reasons)s::text[])
        AS refused (event_id, version, reason)
), held AS (
    SELECT r.* FROM headrace.projections p JOIN refused r USING (event_id, version)
    ORDER BY p.event_id FOR UPDATE OF p
), gone AS (
    DELETE FROM headrace.projections p USING held WHERE p.event_id = held.event_id
)
INSERT INTO headrace.refusals AS r (event_id, version, reason, fingerprint)
SELECT event_id, version, reason, %(fingerprint)s FROM held ORDER BY event_id
ON CONFLICT (event_id) DO UPDATE
SET version = excluded.version, reason = excluded.reason, fingerprint = excluded.fingerprint
"""

_SEND_AGAIN = """
WITH again AS (
    SELECT event_id, version FROM headrace.refusals
    WHERE fingerprint <> %(fingerprint)s ORDER BY event_id LIMIT %(most)s
), noted AS (
    UPDATE headrace.refusals r SET fingerprint = %(fingerprint)s FROM again WHERE r.event_id = again.event_id
)
INSERT INTO headrace.projections AS p (event_id, version)
SELECT event_id, version FROM again ORDER BY event_id
ON CONFLICT (event_id) DO UPDATE SET version = greatest(p.version, excluded.version)
"""

_MEND = """
INSERT INTO headrace.projections AS p (event_id, version)
SELECT event_id, version FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[]) AS wrong (event_id, version)
ORDER BY event_id
ON CONFLICT (event_id) DO UPDATE SET version = greatest(p.version, excluded.version)
"""

_DISCARD = """
DELETE FROM headrace.projections WHERE event_id IN (
    SELECT event_id FROM headrace.projections ORDER BY event_id LIMIT %(most)s FOR UPDATE
)
"""

_LAG = """
SELECT (SELECT count(*) FROM (SELECT FROM headrace.projections LIMIT %(counted)s) AS rows),
       (SELECT greatest(extract(epoch FROM now() - min(due)), 0)::float8
        FROM (SELECT due FROM headrace.projections ORDER BY event_id LIMIT %(searched)s) AS oldest),
       (SELECT count(*) FROM (SELECT FROM headrace.refusals LIMIT %(counted)s) AS rows)
"""

# All of one moment.
_COUNTS = """
SELECT (SELECT coalesce(sum(delta), 0)::bigint FROM headrace.tallies WHERE state = ANY (%(finished)s)),
       (SELECT count(*) FROM (SELECT FROM headrace.projections LIMIT %(counted)s) AS rows),
       EXISTS (SELECT FROM headrace.refusals)
"""

_UNSETTLED = """
SELECT event_id FROM headrace.projections WHERE event_id = ANY (%(ids)s)
UNION SELECT event_id FROM headrace.refusals WHERE event_id = ANY (%(ids)s)
"""

_REFUSALS = """
SELECT event_id, since, reason FROM headrace.refusals
WHERE event_id >= %(first)s AND event_id < %(end)s ORDER BY event_id LIMIT %(most)s
"""

_COUNT_REFUSALS = "SELECT count(*) FROM headrace.refusals WHERE event_id >= %(first)s AND event_id < %(end)s"


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the copy is behind: `waiting` entries (`MOST_COUNTED` stands for any more), one of the oldest of which
    waits for `seconds` (0 if none does), and how many it `refused`.
    """

    waiting: int
    seconds: float
    refused: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many events are finished, and how many entries are `waiting` to be written then.

    `MOST_COUNTED` of these stands for any more. And whether any entry was `refused`.
    """

    finished: int
    waiting: int
    refused: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that the copy does not take, since when and why."""

    event_id: UUID
    since: datetime
    reason: str


async def choose_waiting(
    connection: Connection, database: Database, after: UUID, most: int, most_bytes: int
) -> list[UUID]:
    """The next events behind an id whose entries are to be written, in the order of their ids.

    As many of them as have `most_bytes` stored, but one at least.
    """
    cursor = await connection.execute(database.sql(_CHOOSE), {"after": after, "most": most})
    chosen: list[UUID] = []
    for event_id, size in await cursor.fetchall():
        most_bytes -= size
        if chosen and most_bytes < 0:
            break
        chosen.append(event_id)
    return chosen


async def complete(connection: Connection, database: Database, written: Mapping[UUID, int]) -> None:
    """Take away what the copy has now; `written` has the version of each row when its entry was read."""
    ids = sorted(written)
    await connection.execute(database.sql(_COMPLETE), {"ids": ids, "versions": [written[id_] for id_ in ids]})


async def refuse(
    connection: Connection, database: Database, refused: Sequence[tuple[UUID, int, str]], fingerprint: str
) -> None:
    """Set aside what the copy does not take while it is as the fingerprint says: id, version and reason of each."""
    ids, versions, reasons = ([row[column] for row in refused] for column in range(3))
    arguments = {"ids": ids, "versions": versions, "reasons": reasons, "fingerprint": fingerprint}
    await connection.execute(database.sql(_REFUSE), arguments)


async def send_again(connection: Connection, database: Database, fingerprint: str, most: int) -> int:
    """Let refused entries be written again that met a copy with another fingerprint; returns how many."""
    cursor = await connection.execute(database.sql(_SEND_AGAIN), {"fingerprint": fingerprint, "most": most})
    return cursor.rowcount


async def mend(connection: Connection, database: Database, wrong: Mapping[UUID, int]) -> None:
    """Have these events' entries written, at these versions at least."""
    ids = sorted(wrong)
    await connection.execute(database.sql(_MEND), {"ids": ids, "versions": [wrong[id_] for id_ in ids]})


async def discard(connection: Connection, database: Database, most: int) -> int:
    """Take away the first rows, unwritten; returns how many."""
    return (await connection.execute(database.sql(_DISCARD), {"most": most})).rowcount


async def read_lag(connection: Connection, database: Database) -> Lag:
    """How far the copy is behind now."""
    arguments = {"counted": MOST_COUNTED, "searched": MOST_SEARCHED}
    cursor = await connection.execute(database.sql(_LAG), arguments)
    [(waiting, seconds, refused)] = await cursor.fetchall()
    return Lag(waiting, seconds or 0.0, refused)


async def read_counts(connection: Connection, database: Database) -> Counts:
    """What there is at this moment."""
    arguments = {"finished": sorted(FINISHED), "counted": MOST_COUNTED}
    cursor = await connection.execute(database.sql(_COUNTS), arguments)
    [row] = await cursor.fetchall()
    return Counts(*row)


async def find_unsettled(connection: Connection, database: Database, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these events whose entries wait to be written or were refused."""
    cursor = await connection.execute(database.sql(_UNSETTLED), {"ids": list(ids)})
    return {event_id for (event_id,) in await cursor.fetchall()}


async def list_refusals(
    connection: Connection, database: Database, first: UUID, end: UUID, most: int | None
) -> list[Refusal]:
    """What the copy refused of the events from `first` on and before `end`, in the order of their ids."""
    cursor = await connection.execute(database.sql(_REFUSALS), {"first": first, "end": end, "most": most})
    return [Refusal(*row) for row in await cursor.fetchall()]


async def count_refusals(connection: Connection, database: Database, first: UUID, end: UUID) -> int:
    """How many those are."""
    cursor = await connection.execute(database.sql(_COUNT_REFUSALS), {"first": first, "end": end})
    [(count,)] = await cursor.fetchall()
    return int(count)
