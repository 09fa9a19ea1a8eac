"""Searching the copy where it lies in Postgres.

Which of two plans is quick depends on how many events fit. Where they are few, the index of words and terms names them
all. Where they are many, reading all of them takes long, and the newest are met soon on a walk through the ids from the
newest on. So the index is asked first, for no more than are to be counted. If there are more, the walk goes so far;
what it does not meet there lies together further back, and the index is asked for all. The plans are pinned: the
planner knows little of words and terms, and of new ones nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import TupleRow

from headrace.store.choosing import FIRST
from headrace.store.conditions import Condition, written_out
from headrace.store.database import Connection, Database

#: Rows that a walk passes at most, for a page and for what is counted.
WALK_ROWS, COUNT_ROWS = 5_000, 40_000

# A compiler and further processes take longer to start than such a statement takes.
_PIN = """
SELECT set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', CASE WHEN %(walk)s THEN 'off' ELSE 'on' END, true),
       set_config('enable_indexscan', CASE WHEN %(walk)s THEN 'on' ELSE 'off' END, true),
       set_config('enable_sort', CASE WHEN %(walk)s THEN 'off' ELSE 'on' END, true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
       set_config('statement_timeout', %(milliseconds)s, true)
"""

# Nearly all rows are of a part that is seen: IS TRUE hides from the planner that an index could name these.
_FITTING = """
FROM headrace.documents d
WHERE d.gone IS NULL AND (d.part = ANY (ARRAY(SELECT part FROM headrace.parts))) IS TRUE AND d.tenant = %(tenant)s
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

_START = """
SELECT event_id FROM headrace.documents WHERE event_id < %(before)s ORDER BY event_id DESC OFFSET %(rows)s LIMIT 1
"""

_ON_WALK = " AND d.event_id >= %(start)s"

# A page begins below an id. IS TRUE hides that from a plan that is to go by words and terms alone.
_BELOW, _HIDDEN_BELOW = " AND d.event_id < %(before)s", " AND (d.event_id < %(before)s) IS TRUE"

_NEWEST = f"""
SELECT d.event_id {_FITTING}{{conditions}}
ORDER BY d.event_id DESC LIMIT %(limit)s
"""

_COUNT_NEWEST = f"""
WITH hits AS MATERIALIZED (
    SELECT d.event_id, d.type, d.state {_FITTING}{{conditions}}
    ORDER BY d.event_id DESC LIMIT %(most)s
)
SELECT (SELECT count(*) FROM hits), {_BY_KIND}
"""  # noqa: S608  # composed of constants alone


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `limit` newest events of a tenant of which all the conditions hold, below the id `before`.

    Counted are those beyond it, too, `most_counted` at most; with `facets` by kind as well. What fits is below `end`.
    """

    tenant: str
    conditions: Sequence[Condition]
    before: UUID
    end: UUID
    limit: int
    most_counted: int
    facets: bool


@dataclass(frozen=True, slots=True)
class ByKind:
    """How many hits have each type, each state and each day."""

    types: Mapping[str, int]
    states: Mapping[str, int]
    days: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found: `total` in all, if these are not more than are counted; the kinds only if they were asked for."""

    ids: Sequence[UUID]
    total: int
    by_kind: ByKind


class Finder:
    """Answers within the transaction of a connection. `left` says how many seconds are left for it."""

    def __init__(self, connection: Connection, database: Database, wanted: Wanted, left: Callable[[], float]) -> None:
        self._connection = connection
        self._database = database
        self._wanted = wanted
        self._left = left
        self._conditions, arguments = written_out(wanted.conditions)
        self._arguments: Mapping[str, Any] = arguments | {
            "tenant": wanted.tenant,
            "before": wanted.before,
            "limit": wanted.limit,
            "most": wanted.most_counted,
            "facets": wanted.facets,
        }

    async def find_few(self) -> Hits | None:
        """All there is to say of hits that are no more than are counted; None if there are more."""
        [(ids, total, *counts)] = await self._ask(_FEW)
        return Hits(ids, total, _by_kind(counts)) if total <= self._wanted.most_counted else None

    async def find_newest(self) -> Sequence[UUID]:
        """The newest of many hits."""
        start = await self._start(self._wanted.before, WALK_ROWS)
        rows = await self._walk(_NEWEST, start, _BELOW)
        if len(rows) < self._wanted.limit and start is not None:
            rows = await self._ask(_NEWEST, _HIDDEN_BELOW)
        return [event_id for (event_id,) in rows]

    async def count_newest(self) -> ByKind:
        """Of which kinds are the newest of many hits, as many as are counted."""
        start = await self._start(self._wanted.end, COUNT_ROWS)
        [(total, *counts)] = await self._walk(_COUNT_NEWEST, start)
        if total < self._wanted.most_counted and start is not None:
            [(_, *counts)] = await self._ask(_COUNT_NEWEST)
        return _by_kind(counts)

    async def _start(self, before: UUID, rows: int) -> UUID | None:
        """The id at which a walk ends that begins below an id and passes so many rows; None if there are no more."""
        found = await self._run(_START, {"before": before, "rows": rows}, walk=True)
        return found[0][0] if found else None

    async def _walk(self, statement: str, start: UUID | None, further: str = "") -> list[TupleRow]:
        """What a walk meets that ends at this id, under a further condition."""
        arguments = {**self._arguments, "start": start or FIRST}
        text = statement.format(conditions=self._conditions + _ON_WALK + further)
        return await self._run(text, arguments, walk=True)

    async def _ask(self, statement: str, further: str = "") -> list[TupleRow]:
        """What the index of words and terms names, under a further condition."""
        return await self._run(statement.format(conditions=self._conditions + further), self._arguments, walk=False)

    async def _run(self, statement: str, arguments: Mapping[str, Any], *, walk: bool) -> list[TupleRow]:
        milliseconds = max(1, round(self._left() * 1000))
        await self._connection.execute(_PIN, {"walk": walk, "milliseconds": str(milliseconds)})
        # A plan that is kept knows nothing of what is asked for.
        cursor = await self._connection.execute(self._database.sql(statement), arguments, prepare=False)
        return await cursor.fetchall()


def _by_kind(counts: Sequence[Mapping[str, int] | None]) -> ByKind:
    return ByKind(*(found or {} for found in counts))
