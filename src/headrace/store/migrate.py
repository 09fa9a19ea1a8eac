"""Bringing the schema up to this release. Needs a role that may create tables; the running role needs none of that."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

_FOLDER = Path(__file__).parent / "migrations"

#: A migration that waits for a table makes all wait who come after it: it gives up soon, and lets them pass.
LOCK_TIMEOUT = "200ms"

#: Pause before a migration that did not get its tables is tried again.
AGAIN_SECONDS = 1.0

#: How long it is tried. A transaction that holds a table for longer is somebody's mistake.
PATIENCE_SECONDS = 300.0

_GRANTS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""


def migrate(url: str, schema: str, running_url: str, revision: str = "head", also: Sequence[Path] = ()) -> None:
    """Move the schema to a revision, and grant the running role what it needs if it is another than the owner.

    An installation may be running meanwhile. Each migration is a transaction of its own; while somebody holds a table
    that it changes, it is tried again and again. `also` are folders with migrations beside those of this release.
    Raises sqlalchemy.exc.OperationalError if the server cannot be reached, or a table was held for minutes.
    """
    engine = create_engine(_sqlalchemy_url(url))
    try:
        with engine.begin() as guard:
            # One migration at a time, and no matter how many processes start at once.
            guard.execute(text("SELECT pg_advisory_xact_lock(hashtext('headrace.migrate'))"))
            _move_patiently(engine, schema, revision, also)
            _grant(guard, schema, make_url(running_url).username)
    finally:
        engine.dispose()


def configuration(also: Sequence[Path] = ()) -> Config:
    """Alembic's configuration: everything but the connection and the schema, which go into its attributes."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(str(path) for path in (_FOLDER / "versions", *also)))
    return config


def _move_patiently(engine: Engine, schema: str, revision: str, also: Sequence[Path]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _move(engine, schema, revision, also)
        except (DBAPIError, LockNotAvailable) as error:
            if not isinstance(getattr(error, "orig", error), LockNotAvailable) or time.monotonic() > until:
                raise
            time.sleep(AGAIN_SECONDS)
        else:
            return


def _move(engine: Engine, schema: str, revision: str, also: Sequence[Path]) -> None:
    config = configuration(also)
    with engine.connect() as connection:
        event.listen(connection, "begin", _wait_briefly)
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.commit()
        config.attributes["connection"] = connection
        config.attributes["schema"] = schema
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def _wait_briefly(connection: Connection) -> None:
    """In each transaction anew: what is set for a session stays on a pooler's connection, and meets somebody else."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))


def _grant(connection: Connection, schema: str, role: str | None) -> None:
    owner = connection.scalar(text("SELECT current_user"))
    if role is None or role == owner:
        return
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    connection.execute(text(_GRANTS.format(schema=schema, role=quoted)))


def _sqlalchemy_url(url: str) -> str:
    return str(make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
