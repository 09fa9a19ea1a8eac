"""What kind of server this is, and whether what it promises is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.store.database import Connection, Database
from headrace.store.workers import LIVE, LiveWorker

#: The oldest PostgreSQL that is tested, as `server_version_num`.
OLDEST_VERSION = 150_000

_FACTS = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('fsync'),
       current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       pg_is_in_recovery(), to_regclass('headrace.runs') IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server's settings that matter here; `connections` are those that ordinary roles may open."""

    version_number: int
    version: str
    fsync: str
    synchronous_commit: str
    standbys: str
    connections: int
    is_standby: bool
    is_migrated: bool

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
        if not self.is_migrated:
            found.append("The schema is not there. Run `headrace migrate`.")
        return found


async def read_facts(connection: Connection, database: Database) -> ServerFacts:
    """Ask the server about itself."""
    row = await (await connection.execute(database.sql(_FACTS))).fetchone()
    assert row is not None
    return ServerFacts(*row)


async def live_workers(connection: Connection, database: Database) -> Sequence[LiveWorker]:
    """Every process whose lease holds."""
    cursor = await connection.execute(database.sql(LIVE))
    return [LiveWorker(*row) for row in await cursor.fetchall()]
