"""The tables of one installation, looked at and changed as their owner."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from headrace.domain.ids import new_id
from headrace.embedded import EmbeddedServices
from headrace.store.database import Database
from headrace.store.migrate import migrate
from headrace.store.sql import qualify
from headrace.store.workers import REGISTER, WorkerRow, registration

_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'
ORDER BY relname = 'projections'  -- fed by whatever takes results away
"""

_STATES = """
SELECT event_id, state FROM headrace.runs UNION ALL SELECT event_id, state FROM headrace.results
"""


_RUN = """
SELECT run_number, epoch, type, queue, task, state, reason, nullif(rank, 'infinity') AS rank, owner, attempt, failures,
       losses, solo_losses, unseen_losses, schema_hash, release, since, begun, pipeline
FROM headrace.runs WHERE event_id = %s
"""


class Storage:
    """A schema of its own, migrated up to a revision. `superuser_url` is for what neither of the product's roles may
    do.
    """

    def __init__(self, services: EmbeddedServices, superuser_url: str, schema: str, revision: str = "head") -> None:
        self.services = services
        self.superuser_url = superuser_url
        self.schema = schema
        migrate(services.migrate_database_url, schema, services.database_url, revision)
        self._owner = psycopg.connect(services.migrate_database_url, autocommit=True)
        self._owner.execute("SET lock_timeout = '5s'")
        self._tables = [row[0] for row in self._owner.execute(_TABLES, [schema])]

    def close(self) -> None:
        self._owner.close()

    def clean(self) -> None:
        """Leave no row."""
        for table in self._tables:
            self._owner.execute(SQL("DELETE FROM {}").format(Identifier(self.schema, table)))

    def drop(self) -> None:
        """Leave no schema."""
        self._owner.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(self.schema)))

    def open(self, url: str | None = None) -> Database:
        """A pool of the running role, not open yet; by another `url` if given."""
        source = url or self.services.database_url
        return Database(lambda: source, schema=self.schema, pooler="none", connections=4)

    def sql(self, statement: str) -> LiteralString:
        """The statement, in which the schema is called `headrace`, for this schema."""
        return qualify(statement, self.schema)

    def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows of a statement; none if it returns no rows."""
        cursor = self._owner.execute(self.sql(statement), arguments)
        return [] if cursor.description is None else cursor.fetchall()

    def row(self, statement: str, *arguments: object) -> dict[str, Any]:
        """The only row of a statement, by column."""
        [row] = self._owner.cursor(row_factory=dict_row).execute(self.sql(statement), arguments)
        return row

    def value(self, statement: str, *arguments: object) -> Any:
        """The only column of a statement's only row."""
        [(value,)] = self.rows(statement, *arguments)
        return value

    def states(self, ids: Sequence[UUID]) -> list[str]:
        """The state of each event, in the order of `ids`; `gone` for one that has neither a run nor a result."""
        found: dict[UUID, str] = dict(cast(list[tuple[UUID, str]], self.rows(_STATES)))
        return [found.get(event_id, "gone") for event_id in ids]

    def all_are(self, state: str, ids: Sequence[UUID]) -> bool:
        return set(self.states(ids)) == {state}

    def run(self, event_id: UUID) -> dict[str, Any]:
        """The columns of an event's run. `rank` is None while it is infinity, which Python has not."""
        return self.row(_RUN, event_id)

    def result(self, event_id: UUID) -> dict[str, Any]:
        """The columns of an event's result."""
        return self.row("SELECT * FROM headrace.results WHERE event_id = %s", event_id)

    def attempts(self, event_id: UUID) -> list[tuple[int, str, str | None]]:
        """Number, outcome and node of each attempt that is kept."""
        statement = "SELECT attempt, outcome, node FROM headrace.attempts WHERE event_id = %s ORDER BY attempt"
        return cast(list[tuple[int, str, str | None]], self.rows(statement, event_id))

    def add_worker(
        self,
        *,
        role: str = "worker",
        queues: Sequence[str] = ("default",),
        types: Mapping[str, str] | None = None,
        launch: UUID | None = None,
    ) -> UUID:
        """Announce a process that does not exist; returns the id under which it may claim for an hour."""
        worker = new_id()
        row = WorkerRow(role, "test", pid=1, connections=1, launch=launch, queues=queues, types=types or {})
        self._owner.execute(self.sql(REGISTER), registration(worker, row, 3600.0))
        return worker

    def end_lease(self, worker: UUID, *, seen: bool = False) -> None:
        """Let a process be dead; `seen` as if its supervisor saw it end."""
        self.rows("UPDATE headrace.workers SET expires = now(), death_seen = %s WHERE id = %s", seen, worker)
