"""Where events stand, for telling why something cannot be done with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.states import EventState
from headrace.store.database import Connection, Database

_STANDINGS = """
SELECT e.id, e.type, coalesce(r.state, s.state), r.reason, e.task
FROM headrace.events e
LEFT JOIN headrace.runs r ON r.event_id = e.id
LEFT JOIN headrace.results s ON s.event_id = e.id
WHERE e.id = ANY (%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an event is doing: `reason` says what it waits for, `task` names the user's own task that processes it."""

    type: str
    state: EventState
    reason: str | None
    task: str | None


async def read_standings(connection: Connection, database: Database, ids: Sequence[UUID]) -> Mapping[UUID, Standing]:
    """Of each of these events that exists, where it stands."""
    cursor = await connection.execute(database.sql(_STANDINGS), {"ids": list(ids)})
    return {
        event_id: Standing(type_, EventState(state), reason, task)
        for event_id, type_, state, reason, task in await cursor.fetchall()
    }
