"""Migrations as commands run them: with errors that say what to do."""

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from headrace.bootstrap.database import unavailable
from headrace.errors import ConfigurationError
from headrace.store.migrate import migrate
from headrace.store.server import REVISION


def migrate_schema(url: str, schema: str, running_url: str) -> str:
    """Bring the schema up to this release, and return its revision.

    Raises Unavailable when the database is away or refuses, ConfigurationError when a newer release was here.
    """
    try:
        migrate(url, schema, running_url)
    except DBAPIError as error:
        raise unavailable(url, error.orig) from None
    except CommandError as error:
        remedy = "A newer release of Headrace has migrated it: install that one."
        raise ConfigurationError([f"The schema {schema!r} is unknown to this release ({error}). {remedy}"]) from None
    return REVISION
