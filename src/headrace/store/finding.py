"""Searching the copy where it lies in Postgres.

Which of two plans is quick depends on how many events fit. Where they are few, the index of words and terms names them
all. Where they are many, that takes long, and the newest are met soon on a way through the ids from the newest on. So
the index is asked first, for no more than are to be counted; only if there are more, the second way is gone. Both
plans are pinned: the planner knows little of words and terms, and of new ones nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import TupleRow

from headrace.store.conditions import Condition, written_out
from headrace.store.database import Connection, Database

# A compiler and further processes take longer to start than such a statement takes.
_PIN = """
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_indexonlyscan', 'off', true),
       set_config('enable_bitmapscan', CASE WHEN %(walk)s THEN 'off' ELSE 'on' END, true),
       set_config('enable_indexscan', CASE WHEN %(walk)s THEN 'on' ELSE 'off' END, true),
       set_config('enable_sort', CASE WHEN %(walk)s THEN 'off' ELSE 'on' END, true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)
"""

_FITTING = """
FROM headrace.documents d
WHERE d.gone IS NULL AND d.part = ANY (ARRAY(SELECT part FROM headrace.parts)) AND d.tenant = %(tenant)s
"""

# The first 48 bits of an id are its milliseconds.
_BY_KIND = """
(SELECT jsonb_object_agg(type, count) FROM (SELECT type, count(*) FROM hits GROUP BY type) AS types),
(SELECT jsonb_object_agg(state, count) FROM (SELECT state, count(*) FROM hits GROUP BY state) AS states),
(SELECT jsonb_object_agg(to_char(date '1970-01-01' + day, 'YYYY-MM-DD'), count) FROM (
    SELECT (('x' || translate(left(event_id::text, 13), '-', ''))::bit(48)::bigint / 86400000)::int AS day, count(*)
    FROM hits GROUP BY day
) AS days)
"""

_FEW = f"""
WITH found AS MATERIALIZED (
    SELECT d.event_id, d.type, d.state {_FITTING}{{conditions}}
    LIMIT %(most)s + 1
), hits AS (
    SELECT * FROM found WHERE %(facets)s AND (SELECT count(*) FROM found) <= %(most)s
)
SELECT ARRAY(SELECT event_id FROM found WHERE event_id < %(before)s ORDER BY event_id DESC LIMIT %(limit)s),
       (SELECT count(*) FROM found), {_BY_KIND}
"""  # noqa: S608  # composed of constants alone

_NEWEST = f"""
SELECT d.event_id {_FITTING}{{conditions}} AND d.event_id < %(before)s
ORDER BY d.event_id DESC LIMIT %(limit)s
"""

_NEWEST_BY_KIND = f"""
WITH hits AS MATERIALIZED (
    SELECT d.event_id, d.type, d.state {_FITTING}{{conditions}}
    ORDER BY d.event_id DESC LIMIT %(most)s
)
SELECT {_BY_KIND}
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `limit` newest events of a tenant of which all the conditions hold, below the id `before`.

    Counted are those beyond it, too, `most_counted` at most; with `facets` by kind as well.
    """

    tenant: str
    conditions: Sequence[Condition]
    before: UUID
    limit: int
    most_counted: int
    facets: bool


@dataclass(frozen=True, slots=True)
class ByKind:
    """How many hits have each type, each state and each day."""

    types: Mapping[str, int]
    states: Mapping[str, int]
    days: Mapping[str, int]


async def find_few(
    connection: Connection, database: Database, wanted: Wanted
) -> tuple[Sequence[UUID], int, ByKind] | None:
    """The newest hits, how many there are in all, and of which kinds; None if they are more than are counted."""
    [row] = await _ask(connection, database, wanted, _FEW, walk=False)
    ids, total, *counts = row
    return (ids, total, _by_kind(counts)) if total <= wanted.most_counted else None


async def find_newest(connection: Connection, database: Database, wanted: Wanted) -> Sequence[UUID]:
    """The newest of many hits."""
    return [event_id for (event_id,) in await _ask(connection, database, wanted, _NEWEST, walk=True)]


async def count_newest(connection: Connection, database: Database, wanted: Wanted) -> ByKind:
    """Of which kinds are the newest of many hits, as many as are counted."""
    [row] = await _ask(connection, database, wanted, _NEWEST_BY_KIND, walk=True)
    return _by_kind(row)


async def _ask(
    connection: Connection, database: Database, wanted: Wanted, statement: str, *, walk: bool
) -> list[TupleRow]:
    conditions, arguments = written_out(wanted.conditions)
    arguments |= {
        "tenant": wanted.tenant,
        "before": wanted.before,
        "limit": wanted.limit,
        "most": wanted.most_counted,
        "facets": wanted.facets,
    }
    await connection.execute(_PIN, {"walk": walk})
    text = database.sql(statement.format(conditions=conditions))
    # A plan that is kept knows nothing of what is asked for.
    cursor = await connection.execute(text, arguments, prepare=False)
    return await cursor.fetchall()


def _by_kind(counts: Sequence[Mapping[str, int] | None]) -> ByKind:
    return ByKind(*(found or {} for found in counts))
