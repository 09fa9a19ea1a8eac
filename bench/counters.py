"""What Postgres counts by itself, before and after some work: rows, log bytes, time, sizes."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

#: A backend reports the rows that it counted once a second while it works, and what is left after ten idle seconds.
REPORT_SECONDS = 11.0

_ROWS = """
SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables
WHERE schemaname = 'headrace' AND n_tup_ins + n_tup_upd + n_tup_del > 0
"""

_TIME = """
SELECT coalesce(sum(total_exec_time + total_plan_time), 0) / 1000, coalesce(sum(calls), 0)::bigint
FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
WHERE d.datname = current_database() AND userid <> current_user::regrole
"""

_SIZES = """
SELECT coalesce(p.inhparent, c.oid)::regclass::text, sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = 'headrace'::regnamespace
GROUP BY 1 HAVING sum(pg_total_relation_size(c.oid)) > 0
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that were inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def written(self) -> int:
        """All of them."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted so far, or between two moments."""

    #: Bytes of the write-ahead log.
    log_bytes: int
    #: Time in statements of all roles but the one that asks: planning and running, without waiting for commits.
    statement_seconds: float
    statements: int
    #: By table, a partitioned one under the name of each partition.
    rows: Mapping[str, Rows]

    @property
    def rows_written(self) -> int:
        """In all tables."""
        return sum(rows.written for rows in self.rows.values())

    @property
    def rows_inserted(self) -> int:
        """In all tables."""
        return sum(rows.inserted for rows in self.rows.values())


async def start_counting(connection: psycopg.AsyncConnection) -> None:
    """Have statements counted from now on, with the time of their planning in sessions that begin after this.

    `connection` is a superuser's, with autocommit. Raises psycopg.Error where `pg_stat_statements` is not loaded.
    """
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await connection.execute("ALTER DATABASE headrace SET pg_stat_statements.track_planning = on")
    await connection.execute("SELECT pg_stat_statements_reset()")


async def count(connection: psycopg.AsyncConnection) -> Counters:
    """What was counted until now. Rows are exact after `REPORT_SECONDS` in which nobody wrote any."""
    rows = {name: Rows(*counts) for name, *counts in await (await connection.execute(_ROWS)).fetchall()}
    [(seconds, statements)] = await (await connection.execute(_TIME)).fetchall()
    [(log_bytes,)] = await (await connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint")).fetchall()
    return Counters(int(log_bytes), float(seconds), int(statements), rows)


def between(before: Counters, after: Counters) -> Counters:
    """What was counted between two moments."""
    return Counters(
        after.log_bytes - before.log_bytes,
        after.statement_seconds - before.statement_seconds,
        after.statements - before.statements,
        {name: _less(rows, before.rows.get(name, Rows())) for name, rows in after.rows.items()},
    )


async def stored_bytes(connection: psycopg.AsyncConnection) -> Mapping[str, int]:
    """By table, its size on disk with its indexes and its long values; that of partitions under their parent."""
    return {name: int(size) for name, size in await (await connection.execute(_SIZES)).fetchall()}


def _less(rows: Rows, before: Rows) -> Rows:
    return Rows(
        rows.inserted - before.inserted,
        rows.updated - before.updated,
        rows.deleted - before.deleted,
    )
