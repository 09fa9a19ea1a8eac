"""The transactions of acts: soon over, or refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.errors import LockNotAvailable

from headrace.errors import Conflict, Unavailable
from headrace.store.database import AWAY, Connection, Database, limit_act

#: Seconds until an act is answered, whatever becomes of the database.
SOON_SECONDS = 1.5

#: The share of its time that an act waits for what somebody else's transaction holds.
PATIENCE = 0.4


@asynccontextmanager
async def acting(database: Database, seconds: float = SOON_SECONDS) -> AsyncIterator[Connection]:
    """Raises Unavailable where there is no connection soon, or it is not done after `seconds`, the wait for one
    included, and Conflict where somebody holds what it needs.
    """
    try:
        async with (
            database.connection(SOON_SECONDS, answer_seconds=seconds) as connection,
            connection.transaction(),
        ):
            await limit_act(connection, seconds * PATIENCE)
            yield connection
    except LockNotAvailable as error:
        raise Conflict("Somebody else's transaction holds what the act needs. Try again.") from error
    except AWAY as error:
        raise Unavailable("The database cannot be written now, or not in time.") from error
