"""The installation at a glance: statements whose answers fit on a screen. Ages are by the database's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from headrace.store.database import Connection, Database
from headrace.store.look import RELAY_POST

_RUNS = """
SELECT state, reason, type, count(*), extract(epoch FROM now() - min(since))::float8,
       count(*) FILTER (WHERE owner IS NULL AND rank <= now()),
       coalesce(extract(epoch FROM now() - min(greatest(rank, since))
                                           FILTER (WHERE owner IS NULL AND rank <= now())), 0)::float8,
       count(*) FILTER (WHERE reason = 'retry' AND rank > now() AND rank < now() + interval '1 hour')
FROM headrace.runs GROUP BY state, reason, type ORDER BY state, reason, type
"""

# The dead are shown as long as they hold something.
_PROCESSES = """
SELECT w.id, w.role, w.host, w.pid, coalesce(w.release, ''), w.queues, w.connections, w.expires > now(),
       extract(epoch FROM now() - w.started)::float8,
       extract(epoch FROM now() - (w.measures ->> 'renewed_at')::timestamptz)::float8,
       w.measures, coalesce(held.runs, 0)
FROM headrace.workers w
LEFT JOIN (SELECT owner, count(*) AS runs FROM headrace.runs WHERE owner IS NOT NULL GROUP BY owner) AS held
       ON held.owner = w.id
WHERE w.expires > now() OR held.runs > 0
ORDER BY w.role, w.host, w.pid
"""

_LEADER = """
SELECT w.host, w.pid, extract(epoch FROM now() - l.since)::float8
FROM headrace.leases l
LEFT JOIN headrace.workers w ON w.measures ->> 'holder' = l.holder::text AND w.expires > now()
WHERE l.post = %(post)s AND l.expires > now()
ORDER BY w.started DESC LIMIT 1
"""

# A week's partitions are called `events_2026w48`; the last one ends with its week.
_SERVER = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       (SELECT extract(epoch FROM min(ends) - now() AT TIME ZONE 'UTC')::float8 / 86400 FROM (
           SELECT max(to_date(right(relname, 7), 'IYYY"w"IW')) + interval '7 days' AS ends FROM pg_class
           WHERE relnamespace = to_regnamespace(%(schema)s) AND relname ~ '^(events|results)_[0-9]{4}w[0-9]{2}$'
           GROUP BY split_part(relname, '_', 1)) AS weeks),
       (SELECT count(*) FROM (SELECT FROM headrace.events_default LIMIT %(most)s) AS rows)
       + (SELECT count(*) FROM (SELECT FROM headrace.results_default LIMIT %(most)s) AS rows)
"""

#: Rows of each default partition that are counted at most.
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Unfinished runs of one type that are in one state for one reason.

    `oldest_seconds` is since when the first of them is in that state. `due` of them could be claimed now, the first of
    them for `oldest_due_seconds`. `retries_soon` of them are tried again within an hour.
    """

    state: str
    reason: str | None
    type: str
    count: int
    oldest_seconds: float
    due: int
    oldest_due_seconds: float
    retries_soon: int


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process, as it last said with its heartbeat `heard_seconds` ago (None: never), and how many runs it `holds`."""

    id: UUID
    role: str
    host: str
    pid: int
    release: str
    queues: Sequence[str]
    connections: int
    alive: bool
    age_seconds: float
    heard_seconds: float | None
    measures: Mapping[str, Any]
    holds: int


@dataclass(frozen=True, slots=True)
class Leader:
    """The relay that leads; host and process id are None until its process has said who it is."""

    host: str | None
    pid: int | None
    age_seconds: float


@dataclass(frozen=True, slots=True)
class ServerUse:
    """Connections of all clients now, days for which partitions exist, and rows outside of these (`MOST_ROWS` a table
    at most).
    """

    connections: int
    partition_days: float
    default_rows: int


async def survey_runs(connection: Connection, database: Database) -> list[RunGroup]:
    """All unfinished runs, by state, reason and type."""
    cursor = await connection.execute(database.sql(_RUNS))
    return [RunGroup(*row) for row in await cursor.fetchall()]


async def list_processes(connection: Connection, database: Database) -> list[ProcessView]:
    """Every process whose lease holds, and those without one that still hold runs."""
    cursor = await connection.execute(database.sql(_PROCESSES))
    return [ProcessView(*row) for row in await cursor.fetchall()]


async def find_leader(connection: Connection, database: Database) -> Leader | None:
    """Who leads the relays; None while nobody does."""
    cursor = await connection.execute(database.sql(_LEADER), {"post": RELAY_POST})
    row = await cursor.fetchone()
    return None if row is None else Leader(*row)


async def read_use(connection: Connection, database: Database) -> ServerUse:
    """How far the server is used."""
    cursor = await connection.execute(database.sql(_SERVER), {"schema": database.schema, "most": MOST_ROWS})
    [(connections, days, rows)] = await cursor.fetchall()
    return ServerUse(connections, days or 0.0, rows)
