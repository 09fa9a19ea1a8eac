"""The installation at a glance: statements whose answers fit on a screen. Ages are by the database's clock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from headrace.domain.states import PARKED
from headrace.store.database import Connection, Database
from headrace.store.look import RELAY_POST

# One pass over all runs. Types are of the clients' making, maybe a million: what is told of them is cut off here. What
# is paused could not be claimed, also before a relay has set it aside.
_RUNS = """
WITH kinds AS MATERIALIZED (
    SELECT state, reason, owner, type, count(*) AS runs, min(since) AS since,
           count(*) FILTER (WHERE is_due) AS due, min(greatest(rank, since)) FILTER (WHERE is_due) AS due_since,
           count(*) FILTER (WHERE is_retried AND rank < now() + interval '1 hour') AS retried_soon,
           min(rank) FILTER (WHERE is_retried) AS retried
    FROM (
        SELECT state, reason, owner, type, since, rank,
               owner IS NULL AND rank <= now()
                   AND NOT EXISTS (SELECT FROM headrace.paused WHERE scope = 'all')
                   AND type <> ALL (ARRAY(SELECT name FROM headrace.paused WHERE scope = 'type'))
                   AND queue <> ALL (ARRAY(SELECT name FROM headrace.paused WHERE scope = 'queue')) AS is_due,
               reason = 'retry' AND rank > now() AND rank < 'infinity' AS is_retried
        FROM headrace.runs
    ) AS runs
    GROUP BY state, reason, owner, type
), told AS (
    (SELECT 'group' AS part, state, reason, NULL::uuid AS owner, NULL AS type, sum(runs) AS runs, min(since) AS since,
            sum(due) AS due, sum(retried_soon) AS retried_soon, min(retried) AS retried
     FROM kinds GROUP BY state, reason)
    UNION ALL
    (SELECT 'due', NULL, NULL, NULL, type, sum(due), min(due_since), NULL, NULL, NULL
     FROM kinds WHERE due > 0 GROUP BY type ORDER BY min(due_since) LIMIT %(most)s)
    UNION ALL
    (SELECT 'parked', NULL, reason, NULL, type, runs, since, NULL, NULL, NULL
     FROM kinds WHERE reason = ANY (%(parked)s)
     ORDER BY row_number() OVER (PARTITION BY reason ORDER BY runs DESC) LIMIT %(most)s)
    UNION ALL
    (SELECT 'held', NULL, NULL, owner, type, runs, since, NULL, NULL, NULL FROM kinds WHERE owner IS NOT NULL)
)
SELECT part, state, reason, owner, type, runs::bigint, extract(epoch FROM now() - since)::float8, due::bigint,
       retried_soon::bigint, extract(epoch FROM retried - now())::float8
FROM told ORDER BY part, state, reason, since, type
"""

# The dead are shown as long as they hold something.
_PROCESSES = """
SELECT w.id, w.role, w.host, w.pid, coalesce(w.release, ''), w.queues, w.connections, w.expires > now(),
       extract(epoch FROM now() - w.started)::float8,
       extract(epoch FROM now() - (w.measures ->> 'renewed_at')::timestamptz)::float8, w.measures
FROM headrace.workers w
WHERE w.expires > now() OR w.id = ANY (%(holders)s)
ORDER BY w.role, w.host, w.pid
"""

_LEADER = """
SELECT w.host, w.pid, extract(epoch FROM now() - l.since)::float8
FROM headrace.leases l
LEFT JOIN headrace.workers w ON w.measures ->> 'holder' = l.holder::text AND w.expires > now()
WHERE l.post = %(post)s AND l.expires > now()
ORDER BY w.started DESC LIMIT 1
"""

# What other roles are doing is not for the running role to see, but how many are connected is. A week's partitions are
# called `events_2026w48`; the last one ends with its week.
_SERVER = """
SELECT (SELECT sum(numbackends)::int FROM pg_stat_database),
       (SELECT extract(epoch FROM min(ends) - now() AT TIME ZONE 'UTC')::float8 / 86400 FROM (
           SELECT max(to_date(right(relname, 7), 'IYYY"w"IW')) + interval '7 days' AS ends FROM pg_class
           WHERE relnamespace = to_regnamespace(%(schema)s) AND relname ~ '^(events|results)_[0-9]{4}w[0-9]{2}$'
           GROUP BY split_part(relname, '_', 1)) AS weeks),
       (SELECT count(*) FROM (SELECT FROM headrace.events_default LIMIT %(most)s) AS rows)
       + (SELECT count(*) FROM (SELECT FROM headrace.results_default LIMIT %(most)s) AS rows)
"""

#: Rows of each default partition that are counted at most.
MOST_ROWS = 10_000

#: Types that are told at most: of those that are due, those with the oldest; of those that are parked, those of which
#: most are, for each reason; of what a process holds, those that it holds for the longest.
MOST_TYPES, MOST_HELD_TYPES = 25, 3


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Unfinished runs that are in one state for one reason.

    `oldest_seconds` is since when the first of them is in that state. `due` of them could be claimed now; none that is
    paused. `retries_soon` of them are tried again within an hour, the next of all in `next_retry_seconds` (None: none
    is).
    """

    state: str
    reason: str | None
    count: int
    oldest_seconds: float
    due: int = 0
    retries_soon: int = 0
    next_retry_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TypeGroup:
    """Runs of a type that could be claimed, or that are parked for a `reason`, or that a process holds; the first of
    them for `oldest_seconds`.
    """

    type: str
    count: int
    oldest_seconds: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """All unfinished runs: by state and reason, and of `MOST_TYPES` types at most those that are due (the oldest first)
    and those that are parked; by process what it holds.
    """

    groups: Sequence[RunGroup]
    due: Sequence[TypeGroup]
    parked: Sequence[TypeGroup]
    held: Mapping[UUID, Sequence[TypeGroup]]


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process, as it last said with its heartbeat `heard_seconds` ago (None: never), and how many runs it `holds`.

    `held` is of `MOST_HELD_TYPES` types at most, first the one that it holds for the longest.
    """

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
    held: Sequence[TypeGroup] = ()


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


async def survey_runs(connection: Connection, database: Database) -> Survey:
    """All unfinished runs in one pass over them."""
    cursor = await connection.execute(database.sql(_RUNS), {"most": MOST_TYPES, "parked": list(PARKED)})
    groups: list[RunGroup] = []
    types: defaultdict[str, list[TypeGroup]] = defaultdict(list)
    held: defaultdict[UUID, list[TypeGroup]] = defaultdict(list)
    for part, state, reason, owner, type_, count, seconds, *figures in await cursor.fetchall():
        if part == "group":
            groups.append(RunGroup(state, reason, count, seconds, *figures))
        elif owner is not None:
            held[owner].append(TypeGroup(type_, count, seconds))
        else:
            types[part].append(TypeGroup(type_, count, seconds, reason))
    return Survey(groups, types["due"], types["parked"], held)


async def list_processes(
    connection: Connection, database: Database, held: Mapping[UUID, Sequence[TypeGroup]]
) -> list[ProcessView]:
    """Every process whose lease holds, and those without one that still hold runs: `held` of a survey."""
    cursor = await connection.execute(database.sql(_PROCESSES), {"holders": list(held)})
    return [_process(row, held.get(row[0], ())) for row in await cursor.fetchall()]


def _process(row: Sequence[Any], held: Sequence[TypeGroup]) -> ProcessView:
    return ProcessView(*[*row, sum(group.count for group in held), held[:MOST_HELD_TYPES]])


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
