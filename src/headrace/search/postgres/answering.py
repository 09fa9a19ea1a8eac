"""What Postgres' errors mean to the copy, and how long it is waited for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.errors import LockNotAvailable, QueryCanceled

from headrace.errors import CopyAway
from headrace.store.database import AWAY, Connection, Database, limit_act

#: How long is waited for a connection, and for who holds the same entries or puts a new part in place of an old one.
PATIENCE_SECONDS = 5.0

#: A server that says nothing at all is given up after this.
ANSWER_SECONDS = 15.0


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[Connection]:
    """A transaction on a connection of its own, with limits. Raises CopyAway for what the driver raises meanwhile."""
    async with connected(database, PATIENCE_SECONDS, ANSWER_SECONDS) as connection, connection.transaction():
        await limit_act(connection, PATIENCE_SECONDS)
        yield connection


@asynccontextmanager
async def connected(database: Database, patience_seconds: float, answer_seconds: float) -> AsyncIterator[Connection]:
    """A connection, once there is one, and until so long after it was asked for.

    What the driver raises while the database is away becomes CopyAway.

    What the server says is left out: it may quote.
    """
    try:
        async with database.connection(patience_seconds, answer_seconds=answer_seconds) as connection:
            yield connection
    except QueryCanceled:
        raise CopyAway("Postgres did not answer in time") from None
    except LockNotAvailable:
        raise CopyAway("somebody holds in Postgres what is to be written") from None
    except AWAY:
        raise CopyAway("Postgres cannot be reached, or cannot do now what is asked") from None
