"""What the demo looks up in the database itself, past the API."""

from collections.abc import Sequence
from uuid import UUID

from headrace.store.body import unpack
from headrace.store.database import Connection

_BUSIEST_WORKER = """
SELECT w.pid, array_agg(r.event_id)
FROM headrace.runs r JOIN headrace.workers w ON w.id = r.owner
WHERE w.role = 'worker'
GROUP BY w.id, w.pid ORDER BY count(*) DESC LIMIT 1
"""

_LIVE_ROLES = "SELECT pid, role FROM headrace.workers WHERE expires > now()"

_BODIES = "SELECT id, body FROM headrace.events"


async def busiest_worker(connection: Connection) -> tuple[int, Sequence[UUID]] | None:
    """The process id of the worker that holds the most runs, and their events; None if no run is claimed."""
    row = await (await connection.execute(_BUSIEST_WORKER)).fetchone()
    return None if row is None else (row[0], row[1])


async def live_roles(connection: Connection) -> dict[int, str]:
    """By process id, the role of each process whose lease holds."""
    return dict(await (await connection.execute(_LIVE_ROLES)).fetchall())


async def stored_bodies(connection: Connection) -> dict[UUID, bytes]:
    """The body of every event, as it was sent."""
    rows = await (await connection.execute(_BODIES)).fetchall()
    return {event_id: unpack(body) for event_id, body in rows}
