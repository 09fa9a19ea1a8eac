"""What kind of server this is, and whether what it promises is enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from headrace.store.database import Connection, Database
from headrace.store.workers import LIVE, LiveWorker

#: The revision of the schema that this release is written for. Revisions are numbers, and count up by one a release
#: (one that changes nothing in the schema has an empty migration): that is how far releases are apart.
REVISION = "0002"

#: A schema may be so many releases ahead of the code: both run during an upgrade.
RELEASES_AHEAD = 1

#: The oldest PostgreSQL that is tested, as `server_version_num`.
OLDEST_VERSION = 150_000

_FACTS = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('fsync'),
       current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::bool
"""

_IS_MIGRATED = "SELECT to_regclass('headrace.alembic_version') IS NOT NULL"

_REVISION = "SELECT max(version_num) FROM headrace.alembic_version"

_CLOCK = "SELECT clock_timestamp()"

_CLOCKS = """
SELECT host, (measures ->> 'clock_offset_seconds')::float8 FROM headrace.workers
WHERE expires > now() AND abs((measures ->> 'clock_offset_seconds')::float8) > %(seconds)s
ORDER BY host
"""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server's settings that matter here; `connections` are those that ordinary roles may open.

    `revision` is that of the schema, None before the first migration. The next release's fits this one, too.
    """

    version_number: int
    version: str
    fsync: str
    synchronous_commit: str
    standbys: str
    connections: int
    is_read_only: bool
    revision: str | None

    def problems(self) -> list[str]:
        """What forbids to run on this server, each with what to do."""
        found = []
        if self.version_number < OLDEST_VERSION:
            found.append(f"PostgreSQL {self.version} is too old; 15 or newer is needed.")
        if self.fsync != "on":
            found.append("fsync is off: accepted events could be lost. Set fsync = on in postgresql.conf.")
        if self.synchronous_commit in ("off", "local") and not (
            self.synchronous_commit == "local" and not self.standbys
        ):
            found.append(
                f"synchronous_commit is {self.synchronous_commit}: accepted events could be lost. Set it to on."
            )
        return [*found, *self._schema_problems()]

    def problems_now(self) -> list[str]:
        """The same, and what may pass by itself, for example when a failover ends."""
        read_only = "The server is read-only. If it stays so, name the primary in HEADRACE_DATABASE_URL."
        return [*self.problems(), *([read_only] if self.is_read_only else [])]

    def warnings(self) -> list[str]:
        """What is no reason not to run, but is to be ended soon."""
        if self.revision is None or not 0 < int(self.revision) - int(REVISION) <= RELEASES_AHEAD:
            return []
        told = f"The schema is at revision {self.revision}, of a newer release than this one ({REVISION})."
        return [f"{told} Install that release here, too, before the next one."]

    def _schema_problems(self) -> list[str]:
        told = f"The schema is at revision {self.revision}, and this release needs {REVISION}."
        if self.revision is None:
            return ["The schema is not there. Run `headrace migrate`."]
        if int(self.revision) < int(REVISION):
            return [f"{told} Run `headrace migrate`."]
        if int(self.revision) > int(REVISION) + RELEASES_AHEAD:
            return [f"{told} It was migrated by a later release: install that one."]
        return []


async def read_facts(connection: Connection, database: Database) -> ServerFacts:
    """Ask the server about itself."""
    facts = await _row(connection, database, _FACTS)
    [is_migrated] = await _row(connection, database, _IS_MIGRATED)
    [revision] = await _row(connection, database, _REVISION) if is_migrated else [None]
    return ServerFacts(*[*facts, revision])


async def live_workers(connection: Connection, database: Database) -> Sequence[LiveWorker]:
    """Every process whose lease holds."""
    cursor = await connection.execute(database.sql(LIVE))
    return [LiveWorker(*row) for row in await cursor.fetchall()]


async def read_clock(connection: Connection) -> datetime:
    """The database's time."""
    [(now,)] = await (await connection.execute(_CLOCK)).fetchall()
    assert isinstance(now, datetime)
    return now


async def clocks_off(connection: Connection, database: Database, seconds: float) -> dict[str, float]:
    """By host, how far the clocks of live processes are off the database's, of those that are off by more."""
    cursor = await connection.execute(database.sql(_CLOCKS), {"seconds": seconds})
    return dict(await cursor.fetchall())


async def _row(connection: Connection, database: Database, statement: LiteralString) -> Sequence[Any]:
    row = await (await connection.execute(database.sql(statement))).fetchone()
    assert row is not None
    return row
