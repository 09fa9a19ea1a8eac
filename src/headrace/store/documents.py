"""Entries of the search copy where it lies in Postgres: written, forgotten, and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.store.database import Connection, Database

#: Tombstones that are forgotten at a time.
MOST_BURIED = 1_000

_GIVEN = """
SELECT event_id, place, version, tenant, type, state, finished_at, indices::text[] AS indices, digest,
       words::tsvector AS words, terms::bigint[] AS terms
FROM unnest(
    %(ids)b::uuid[], %(places)b::text[], %(versions)b::bigint[], %(tenants)b::text[], %(types)b::text[],
    %(states)b::text[], %(finished)b::timestamptz[], %(indices)b::text[], %(digests)b::bytea[], %(words)b::text[],
    %(terms)b::text[]
) AS given (event_id, place, version, tenant, type, state, finished_at, indices, digest, words, terms)
"""

_STORE = f"""
INSERT INTO headrace.documents AS d (
    event_id, part, version, batch, gone, tenant, type, state, finished_at, indices, digest, words, terms
)
SELECT event_id, place, version, %(batch)s, CASE WHEN words IS NULL THEN now() END, tenant, type, state, finished_at,
       indices, digest, words, terms
FROM ({_GIVEN}) AS given
ORDER BY event_id, place
ON CONFLICT (event_id, part) DO UPDATE
SET version = excluded.version, batch = excluded.batch, gone = excluded.gone, tenant = excluded.tenant,
    type = excluded.type, state = excluded.state, finished_at = excluded.finished_at, indices = excluded.indices,
    digest = excluded.digest, words = excluded.words, terms = excluded.terms
WHERE d.version <= excluded.version OR %(overwrite)s
RETURNING event_id, part
"""  # noqa: S608  # composed of constants alone

# Each is looked up by itself: OFFSET 0 keeps it so.
_DIFFERING = f"""
SELECT g.event_id
FROM ({_GIVEN}) AS g
LEFT JOIN headrace.parts p ON p.month = g.place
LEFT JOIN LATERAL (
    SELECT * FROM headrace.documents WHERE event_id = g.event_id AND part = p.part AND gone IS NULL OFFSET 0
) AS d ON true
WHERE (d.version, d.tenant, d.type, d.state, d.finished_at, d.indices, d.digest, d.words, d.terms)
    IS DISTINCT FROM (g.version, g.tenant, g.type, g.state, g.finished_at, g.indices, g.digest, g.words, g.terms)
"""  # noqa: S608  # composed of constants alone

_BURY = """
DELETE FROM headrace.documents WHERE (event_id, part) IN (
    SELECT event_id, part FROM headrace.documents
    WHERE gone <= now() - make_interval(secs => %(seconds)s)
    ORDER BY gone LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """What is stored of a document: `words` as the text of a `tsvector`, `terms` as hashes, `digest` of all else."""

    tenant: str
    type: str
    state: str
    finished_at: datetime
    indices: Sequence[str]
    digest: bytes
    words: str
    terms: Sequence[int]


@dataclass(frozen=True, slots=True)
class Row:
    """An entry: that of a document has columns, a tombstone has none."""

    event_id: UUID
    month: str
    version: int
    columns: Columns | None


async def store_rows(
    connection: Connection,
    database: Database,
    rows: Sequence[tuple[str, Row]],
    batch: int,
    *,
    overwrite: bool = False,
) -> set[tuple[UUID, str]]:
    """Store each row in the part that it is paired with, unless a newer version is there; an event once a part.

    Returns the events and parts that have them now. With `overwrite` those are all.
    """
    arguments = {**_arguments([row for _, row in rows], [part for part, _ in rows]), "batch": batch}
    cursor = await connection.execute(database.sql(_STORE), {**arguments, "overwrite": overwrite})
    return {(event_id, part) for event_id, part in await cursor.fetchall()}


async def find_differing(connection: Connection, database: Database, rows: Sequence[Row]) -> set[UUID]:
    """The events of these rows that lie otherwise, or not at all, in the parts that readers see."""
    arguments = _arguments(rows, [row.month for row in rows])
    cursor = await connection.execute(database.sql(_DIFFERING), arguments)
    return {event_id for (event_id,) in await cursor.fetchall()}


async def bury(connection: Connection, database: Database, older_than_seconds: float) -> int:
    """Forget tombstones that are as old, the oldest first, some of them; returns how many."""
    cursor = await connection.execute(database.sql(_BURY), {"seconds": older_than_seconds, "most": MOST_BURIED})
    return cursor.rowcount


def _arguments(rows: Sequence[Row], places: Sequence[str]) -> Mapping[str, Any]:
    columns = [row.columns for row in rows]
    return {
        "ids": [row.event_id for row in rows],
        "places": list(places),
        "versions": [row.version for row in rows],
        "tenants": [found and found.tenant for found in columns],
        "types": [found and found.type for found in columns],
        "states": [found and found.state for found in columns],
        "finished": [found and found.finished_at for found in columns],
        # An array of arrays has to be a rectangle. Names of indices have no quotes in them, and one may be `null`.
        "indices": [found and "{" + ",".join(f'"{name}"' for name in found.indices) + "}" for found in columns],
        "digests": [found and found.digest for found in columns],
        "words": [found and found.words for found in columns],
        "terms": [found and "{" + ",".join(map(str, found.terms)) + "}" for found in columns],
    }
