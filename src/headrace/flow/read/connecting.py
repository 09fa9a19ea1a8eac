"""A connection for a reader, who is told soon when there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from headrace.errors import Unavailable
from headrace.store.database import Connection, Database

#: Seconds that a reader waits for a connection, and that the database has for an answer.
CONNECT_SECONDS, ANSWER_SECONDS = 1.5, 10.0


@asynccontextmanager
async def reading(database: Database, answer_seconds: float = ANSWER_SECONDS) -> AsyncIterator[Connection]:
    """A connection in autocommit. Raises Unavailable."""
    try:
        async with database.connection(CONNECT_SECONDS, answer_seconds=answer_seconds) as connection:
            yield connection
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unavailable("The database does not answer.") from error
