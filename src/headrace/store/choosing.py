"""The events that a selection means, in the order of their ids, a chunk at a time.

Those that are chosen are held until the end of the transaction: what another operator or a worker changed meanwhile is
looked at again, and left out if it is meant no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from headrace.domain.ids import first_id_at
from headrace.domain.selection import Selection
from headrace.store.database import Connection, Database

# An event of a user's own task is processed by that task alone: only its sender can send it again.
_REPLAYABLE = """
FROM headrace.results s JOIN headrace.events e ON e.id = s.event_id AND e.task IS NULL
WHERE s.event_id > %(after)s AND s.event_id >= %(first)s AND s.event_id < %(last)s AND s.event_id <= %(last_named)s
  AND (%(ids)s::uuid[] IS NULL OR s.event_id = ANY (%(ids)s))
  AND (%(types)s::text[] IS NULL OR s.type = ANY (%(types)s))
  AND (%(states)s::text[] IS NULL OR s.state = ANY (%(states)s))
  AND (%(reasons)s::text[] IS NULL OR s.reason = ANY (%(reasons)s))
  AND (%(codes)s::text[] IS NULL OR s.error ->> 'code' = ANY (%(codes)s))
  AND (%(nodes)s::text[] IS NULL OR s.node = ANY (%(nodes)s))
  AND (%(releases)s::text[] IS NULL OR s.release = ANY (%(releases)s))
"""

# How a waiting run failed is told by its last attempt.
_UNFINISHED = """
FROM headrace.runs s
WHERE s.event_id > %(after)s AND s.event_id >= %(first)s AND s.event_id < %(last)s AND s.event_id <= %(last_named)s
  AND (%(ids)s::uuid[] IS NULL OR s.event_id = ANY (%(ids)s))
  AND (%(types)s::text[] IS NULL OR s.type = ANY (%(types)s))
  AND (%(states)s::text[] IS NULL OR s.state = ANY (%(states)s))
  AND (%(reasons)s::text[] IS NULL OR s.reason = ANY (%(reasons)s))
  AND (coalesce(%(codes)s::text[], %(nodes)s::text[], %(releases)s::text[]) IS NULL OR EXISTS (
        SELECT FROM headrace.attempts a
        WHERE a.event_id = s.event_id AND a.run_number = s.run_number AND a.attempt = s.attempt
          AND (%(codes)s::text[] IS NULL OR a.error ->> 'code' = ANY (%(codes)s))
          AND (%(nodes)s::text[] IS NULL OR a.node = ANY (%(nodes)s))
          AND (%(releases)s::text[] IS NULL OR a.release = ANY (%(releases)s))))
"""

_COUNT = "SELECT s.type, count(*) "

_CHOOSE = "SELECT s.event_id, s.type "

_BY_TYPE = "GROUP BY s.type ORDER BY s.type"

_CHUNK = "ORDER BY s.event_id LIMIT %(most)s FOR UPDATE OF s"

#: Before every id, and after every id.
FIRST, LAST = UUID(int=0), UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An event that is meant."""

    event_id: UUID
    type: str


async def count_replayable(connection: Connection, database: Database, selection: Selection) -> Mapping[str, int]:
    """How many finished events are meant, by type, less those of users' own tasks."""
    return await _count(connection, database, _COUNT + _REPLAYABLE + _BY_TYPE, selection)


async def count_unfinished(connection: Connection, database: Database, selection: Selection) -> Mapping[str, int]:
    """How many unfinished events are meant, by type."""
    return await _count(connection, database, _COUNT + _UNFINISHED + _BY_TYPE, selection)


async def choose_replayable(
    connection: Connection, database: Database, selection: Selection, after: UUID, most: int
) -> list[Chosen]:
    """The first `most` finished events that are meant, behind the id `after`, less those of users' own tasks."""
    return await _choose(connection, database, _CHOOSE + _REPLAYABLE + _CHUNK, selection, after, most)


async def choose_unfinished(
    connection: Connection, database: Database, selection: Selection, after: UUID, most: int
) -> list[Chosen]:
    """The first `most` unfinished events that are meant, behind the id `after`."""
    return await _choose(connection, database, _CHOOSE + _UNFINISHED + _CHUNK, selection, after, most)


async def _count(
    connection: Connection, database: Database, statement: LiteralString, selection: Selection
) -> Mapping[str, int]:
    cursor = await connection.execute(database.sql(statement), _arguments(selection, FIRST))
    return dict(await cursor.fetchall())


async def _choose(
    connection: Connection, database: Database, statement: LiteralString, selection: Selection, after: UUID, most: int
) -> list[Chosen]:
    cursor = await connection.execute(database.sql(statement), {**_arguments(selection, after), "most": most})
    return [Chosen(event_id, type_) for event_id, type_ in await cursor.fetchall()]


def _arguments(selection: Selection, after: UUID) -> dict[str, Any]:
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
        "last_named": max(selection.ids, default=LAST),
    }
