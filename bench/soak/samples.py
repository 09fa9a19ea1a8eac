"""What is looked at while it works: whether anything grows that should not."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.processes import resident_bytes
from bench.systems.headrace.system import Headrace
from bench.watch import worker_memory

_LEDGER = """
SELECT coalesce(sum(delta) FILTER (WHERE state = 'accepted'), 0)::bigint,
       coalesce(sum(delta) FILTER (WHERE state <> 'accepted'), 0)::bigint
FROM headrace.tallies
"""

_DEAD = "SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables WHERE schemaname = 'headrace'"

# Tables of work under way and of bookkeeping: what is finished there makes room for what comes.
_UNDER_WAY = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relnamespace = 'headrace'::regnamespace AND relkind = 'r' AND NOT relispartition AND relname <> 'alembic_version'
"""

_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Sample:
    """One look."""

    #: Seconds since the first.
    seconds: float
    #: Events finished a second since the look before.
    finished: float
    #: Events that are not finished.
    unfinished: int
    #: 99 of 100 POSTs were answered within so many milliseconds.
    p99_milliseconds: float
    #: Rows that no statement sees any more and that are not vacuumed, in all tables.
    dead_rows: int
    #: By table, megabytes on disk with its indexes.
    table_megabytes: Mapping[str, float]
    connections: int
    #: Resident memory.
    api_megabytes: float
    worker_megabytes: float


class Sampler:
    """Looks now and then. `connection` sees everything."""

    def __init__(self, connection: psycopg.AsyncConnection, system: Headrace) -> None:
        self._connection = connection
        self._system = system
        self._began = time.monotonic()
        self._last = (self._began, 0)

    async def look(self, p99_milliseconds: float) -> Sample:
        """Everything but the latency, which the load knows."""
        now = time.monotonic()
        [(accepted, finished)] = await self._rows(_LEDGER)
        (then, before), self._last = self._last, (now, finished)
        [(dead,)] = await self._rows(_DEAD)
        [(connections,)] = await self._rows(_CONNECTIONS)
        api = self._system.processes()[:1]
        return Sample(
            seconds=now - self._began,
            finished=(finished - before) / (now - then),
            unfinished=accepted - finished,
            p99_milliseconds=p99_milliseconds,
            dead_rows=dead,
            table_megabytes={name: size / 1e6 for name, size in await self._rows(_UNDER_WAY)},
            connections=connections,
            api_megabytes=resident_bytes(api) / 1e6,
            worker_megabytes=max(await worker_memory(self._connection)) / 1e6,
        )

    async def _rows(self, statement: Any) -> list[tuple[Any, ...]]:
        return await (await self._connection.execute(statement)).fetchall()
