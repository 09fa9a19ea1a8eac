"""Bringing the schema up to this release. Needs a role that may create tables; the running role needs none of that."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

_FOLDER = Path(__file__).parent / "migrations"

_GRANTS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""


def migrate(url: str, schema: str, running_url: str, revision: str = "head") -> None:
    """Move the schema to a revision, and grant the running role what it needs if it is another than the owner.

    Raises sqlalchemy.exc.OperationalError if the server cannot be reached.
    """
    engine = create_engine(_sqlalchemy_url(url))
    try:
        with engine.begin() as connection:
            _move(connection, schema, revision)
            _grant(connection, schema, make_url(running_url).username)
    finally:
        engine.dispose()


def configuration() -> Config:
    """Alembic's configuration: everything but the connection and the schema, which go into its attributes."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def _move(connection: Connection, schema: str, revision: str) -> None:
    # One migration at a time, and no matter how many processes start at once.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('headrace.migrate'))"))
    config = configuration()
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _grant(connection: Connection, schema: str, role: str | None) -> None:
    owner = connection.scalar(text("SELECT current_user"))
    if role is None or role == owner:
        return
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    connection.execute(text(_GRANTS.format(schema=schema, role=quoted)))


def _sqlalchemy_url(url: str) -> str:
    return str(make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
