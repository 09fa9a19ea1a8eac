"""The rows of live processes. A worker's row is the lease on all the runs that it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import orjson

from headrace.store.runs import FORMAT
from headrace.store.sql import qualify

#: What a process says of itself with each heartbeat: figures, and ids by which others find it.
Measure = int | float | str


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A process as it announces itself: `types` maps each type that it has a pipeline for to its schema's hash.

    `connections` is the most that the process ever opens, pools of user code included. `launch` is the id by which its
    supervisor reports its end.
    """

    role: str
    host: str
    pid: int
    connections: int
    launch: UUID | None = None
    release: str = ""
    queues: Sequence[str] = ()
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A process whose lease holds, as others see it."""

    id: UUID
    role: str
    host: str
    pid: int
    connections: int
    expires: datetime


REGISTER = """
INSERT INTO headrace.workers (
    id, role, host, pid, launch, release, queues, types, format, measures, connections, expires
)
VALUES (%(id)s, %(role)s, %(host)s, %(pid)s, %(launch)s, %(release)s, %(queues)s, %(types)s, %(format)s,
        %(measures)s::jsonb || jsonb_build_object('renewed_at', now()), %(connections)s,
        now() + make_interval(secs => %(lease_seconds)s))
"""

# A lease that ran out is good again until its runs are taken over: a database that was away costs no run a worker.
RENEW = """
UPDATE headrace.workers
SET expires = now() + make_interval(secs => %(lease_seconds)s),
    measures = %(measures)s::jsonb || jsonb_build_object('renewed_at', now())
WHERE id = %(id)s AND (expires > now() OR swept IS NULL AND NOT death_seen)
RETURNING now()
"""

FORGET = """
DELETE FROM headrace.workers w
WHERE w.id = %(id)s AND NOT EXISTS (SELECT FROM headrace.runs r WHERE r.owner = w.id)
"""

# A supervisor saw the processes end, so nobody need wait for their leases.
DIED = """
UPDATE headrace.workers SET expires = least(expires, now()), death_seen = true
WHERE launch = ANY (%(launches)s) AND swept IS NULL
"""

LIVE = "SELECT id, role, host, pid, connections, expires FROM headrace.workers WHERE expires > now() ORDER BY started"


def statement(sql: LiteralString, schema: str) -> LiteralString:
    """One of this file's statements for an installation's schema."""
    return qualify(sql, schema)


def registration(
    worker: UUID, row: WorkerRow, lease_seconds: float, measures: Mapping[str, Measure] | None = None
) -> dict[str, Any]:
    """The arguments of `REGISTER`."""
    return {
        "role": row.role,
        "host": row.host,
        "pid": row.pid,
        "launch": row.launch,
        "release": row.release,
        "queues": list(row.queues),
        "types": orjson.dumps(dict(row.types)).decode(),
        "format": FORMAT,
        "connections": row.connections,
        **renewal(worker, lease_seconds, measures or {}),
    }


def renewal(worker: UUID, lease_seconds: float, measures: Mapping[str, Measure]) -> dict[str, Any]:
    """The arguments of `RENEW`."""
    return {"id": worker, "lease_seconds": lease_seconds, "measures": orjson.dumps(dict(measures)).decode()}
