"""The events that a selection means, in the order of their ids, a chunk at a time.

Those that are chosen are held until the end of the transaction: what another operator or a worker changed meanwhile is
looked at again, and left out if it is meant no more. Each look is at a window of ids: where few of many fit a filter,
it ends without them, and says from where to go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from headrace.domain.ids import first_id_at
from headrace.domain.selection import Selection
from headrace.store.database import Connection, Database
from headrace.store.waits import PIN

# An event of a user's own task is processed by that task alone: only its sender can send it again. Each is looked up by
# itself, which OFFSET 0 keeps so: a join read all events for each window.
_OF_NO_TASK = """
CROSS JOIN LATERAL (SELECT FROM headrace.events e WHERE e.id = s.event_id AND e.task IS NULL OFFSET 0) AS e
"""

_RESULTS = "FROM headrace.results s "

_MEANT_RESULTS = """
WHERE s.event_id > %(after)s AND s.event_id >= %(first)s AND s.event_id < %(last)s AND s.event_id <= %(up_to)s
  AND (%(ids)s::uuid[] IS NULL OR s.event_id = ANY (%(ids)s))
  AND (%(types)s::text[] IS NULL OR s.type = ANY (%(types)s))
  AND (%(states)s::text[] IS NULL OR s.state = ANY (%(states)s))
  AND (%(reasons)s::text[] IS NULL OR s.reason = ANY (%(reasons)s))
  AND (%(codes)s::text[] IS NULL OR s.error ->> 'code' = ANY (%(codes)s))
  AND (%(nodes)s::text[] IS NULL OR s.node = ANY (%(nodes)s))
  AND (%(releases)s::text[] IS NULL OR s.release = ANY (%(releases)s))
"""

_FINISHED = _RESULTS + _MEANT_RESULTS

_REPLAYABLE = _RESULTS + _OF_NO_TASK + _MEANT_RESULTS

# How a run failed is told by what is kept of its attempts, the newest of which need not be its last: one that went to
# sleep left no row. Of several nodes that wait for a retry the attempt names one; each has its pause.
_UNFINISHED = """
FROM headrace.runs s CROSS JOIN LATERAL (
    SELECT (array_agg(a.error ->> 'code' ORDER BY a.attempt DESC))[1] AS code,
           (array_agg(a.release ORDER BY a.attempt DESC))[1] AS release,
           (array_agg(a.node ORDER BY a.attempt DESC) FILTER (WHERE a.outcome = 'failed'))[1] AS node
    FROM headrace.attempts a
    WHERE a.event_id = s.event_id AND a.run_number = s.run_number
      AND coalesce(%(codes)s::text[], %(nodes)s::text[], %(releases)s::text[]) IS NOT NULL
) AS last
WHERE s.event_id > %(after)s AND s.event_id >= %(first)s AND s.event_id < %(last)s AND s.event_id <= %(up_to)s
  AND (%(ids)s::uuid[] IS NULL OR s.event_id = ANY (%(ids)s))
  AND (%(types)s::text[] IS NULL OR s.type = ANY (%(types)s))
  AND (%(states)s::text[] IS NULL OR s.state = ANY (%(states)s))
  AND (%(reasons)s::text[] IS NULL OR s.reason = ANY (%(reasons)s))
  AND (%(codes)s::text[] IS NULL OR last.code = ANY (%(codes)s))
  AND (%(releases)s::text[] IS NULL OR last.release = ANY (%(releases)s))
  AND (%(nodes)s::text[] IS NULL OR last.node = ANY (%(nodes)s) OR EXISTS (
        SELECT FROM headrace.waits w
        WHERE w.event_id = s.event_id AND w.reason = 'retry' AND split_part(w.node, '[', 1) = ANY (%(nodes)s)))
"""

_END = """
WHERE event_id > %(after)s AND event_id >= %(first)s AND event_id < %(last)s
ORDER BY event_id OFFSET %(skipped)s LIMIT 1
"""

_RESULT_ID, _RUN_ID = "SELECT event_id FROM headrace.results ", "SELECT event_id FROM headrace.runs "

_COUNT = "SELECT s.type, count(*) "

_CHOOSE = "SELECT s.event_id, s.type "

_BY_TYPE = "GROUP BY s.type ORDER BY s.type"

_IN_ORDER = "ORDER BY s.event_id"

_CHUNK = "ORDER BY s.event_id LIMIT %(most)s FOR UPDATE OF s"

#: Events looked at in one statement at most, whether they are meant or not.
WINDOW = 20_000

#: Before every id, and after every id.
FIRST, LAST = UUID(int=0), UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An event that is meant."""

    event_id: UUID
    type: str


async def count_replayable(
    connection: Connection, database: Database, selection: Selection, after: UUID, window: int = WINDOW
) -> tuple[Mapping[str, int], UUID | None]:
    """How many of the next `window` finished events behind the id `after` are meant, by type, less those of users' own
    tasks; and the id to go on behind, None at the end.
    """
    end = await _end(connection, database, _RESULT_ID + _END, selection, after, window)
    return await _count(connection, database, _COUNT + _REPLAYABLE + _BY_TYPE, selection, after, end), end


async def count_unfinished(
    connection: Connection, database: Database, selection: Selection, after: UUID, window: int = WINDOW
) -> tuple[Mapping[str, int], UUID | None]:
    """How many of the next `window` unfinished events behind the id `after` are meant, by type; and the id to go on
    behind, None at the end.
    """
    end = await _end(connection, database, _RUN_ID + _END, selection, after, window)
    return await _count(connection, database, _COUNT + _UNFINISHED + _BY_TYPE, selection, after, end), end


async def name_replayable(connection: Connection, database: Database, selection: Selection) -> list[Chosen]:
    """The finished events that are meant, all of them, held by nobody: for a selection that has ids."""
    return await _chosen(connection, database, _CHOOSE + _REPLAYABLE + _IN_ORDER, _arguments(selection, FIRST, None))


async def name_unfinished(connection: Connection, database: Database, selection: Selection) -> list[Chosen]:
    """The unfinished events that are meant, all of them, held by nobody: for a selection that has ids."""
    return await _chosen(connection, database, _CHOOSE + _UNFINISHED + _IN_ORDER, _arguments(selection, FIRST, None))


async def choose_replayable(
    connection: Connection, database: Database, selection: Selection, after: UUID, most: int, window: int = WINDOW
) -> tuple[list[Chosen], UUID | None]:
    """Of the next `window` finished events behind the id `after` the first `most` that are meant, less those of users'
    own tasks; and the id to go on behind, None at the end.
    """
    end = await _end(connection, database, _RESULT_ID + _END, selection, after, window)
    return await _choose(connection, database, _CHOOSE + _REPLAYABLE + _CHUNK, selection, after, end, most)


async def choose_finished(
    connection: Connection, database: Database, selection: Selection, after: UUID, most: int, window: int = WINDOW
) -> tuple[list[Chosen], UUID | None]:
    """Of the next `window` finished events behind the id `after` the first `most` that are meant; and the id to go on
    behind, None at the end.
    """
    end = await _end(connection, database, _RESULT_ID + _END, selection, after, window)
    return await _choose(connection, database, _CHOOSE + _FINISHED + _CHUNK, selection, after, end, most)


async def choose_unfinished(
    connection: Connection, database: Database, selection: Selection, after: UUID, most: int, window: int = WINDOW
) -> tuple[list[Chosen], UUID | None]:
    """Of the next `window` unfinished events behind the id `after` the first `most` that are meant; and the id to go on
    behind, None at the end.
    """
    end = await _end(connection, database, _RUN_ID + _END, selection, after, window)
    return await _choose(connection, database, _CHOOSE + _UNFINISHED + _CHUNK, selection, after, end, most)


async def _end(
    connection: Connection, database: Database, statement: LiteralString, selection: Selection, after: UUID, window: int
) -> UUID | None:
    """The last id of the window; None if the rest fits into it. Events that are named are few."""
    await connection.execute(PIN)
    if selection.ids:
        return None
    arguments = {**_arguments(selection, after, None), "skipped": window - 1}
    row = await (await connection.execute(database.sql(statement), arguments)).fetchone()
    return None if row is None else row[0]


async def _count(
    connection: Connection,
    database: Database,
    statement: LiteralString,
    selection: Selection,
    after: UUID,
    end: UUID | None,
) -> Mapping[str, int]:
    cursor = await connection.execute(database.sql(statement), _arguments(selection, after, end))
    return dict(await cursor.fetchall())


async def _chosen(
    connection: Connection, database: Database, statement: LiteralString, arguments: Mapping[str, Any]
) -> list[Chosen]:
    cursor = await connection.execute(database.sql(statement), arguments)
    return [Chosen(event_id, type_) for event_id, type_ in await cursor.fetchall()]


async def _choose(
    connection: Connection,
    database: Database,
    statement: LiteralString,
    selection: Selection,
    after: UUID,
    end: UUID | None,
    most: int,
) -> tuple[list[Chosen], UUID | None]:
    chosen = await _chosen(connection, database, statement, {**_arguments(selection, after, end), "most": most})
    return chosen, chosen[-1].event_id if len(chosen) == most else end


def _arguments(selection: Selection, after: UUID, end: UUID | None) -> dict[str, Any]:
    lists = {
        "ids": selection.ids,
        "types": selection.types,
        "states": selection.states,
        "reasons": selection.reasons,
        "codes": selection.codes,
        "nodes": selection.nodes,
        "releases": selection.releases,
    }
    first = first_id_at(selection.since) if selection.since else FIRST
    last = first_id_at(selection.until) if selection.until else LAST
    return {
        **{name: list(values) or None for name, values in lists.items()},
        "after": after,
        # A few ids are found by the key also where the plan is made without knowing them.
        "first": max(first, min(selection.ids, default=FIRST)),
        "last": last,
        "up_to": end or max(selection.ids, default=LAST),
    }
