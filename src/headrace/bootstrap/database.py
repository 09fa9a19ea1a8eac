"""Connections for processes and for single commands."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg

from headrace.errors import Unavailable
from headrace.settings import Settings, mask_url
from headrace.store.database import Connection, Database, connect_options
from headrace.store.runs import retry_now as make_due


def open_database(settings: Settings, connections: int) -> Database:
    """A pool for this process; it is opened by its user."""
    return Database(
        settings.database_source(),
        schema=settings.database_schema,
        pooler=settings.database_pooler,
        connections=connections,
    )


@asynccontextmanager
async def open_connection(settings: Settings) -> AsyncIterator[tuple[Database, Connection]]:
    """One connection for a command: no pool, which would go on trying. Raises Unavailable with the reason."""
    url = settings.database_source()()
    try:
        connection = await psycopg.AsyncConnection.connect(url, **connect_options(settings.database_pooler))
    except psycopg.Error as error:
        raise unavailable(url, error) from None
    async with connection:
        yield open_database(settings, 1), connection


async def retry_now(settings: Settings, ids: Sequence[UUID]) -> set[UUID]:
    """Make runs that wait for a retry due; returns those that did. Raises Unavailable."""
    try:
        async with open_connection(settings) as (database, connection):
            return await make_due(connection, database, ids)
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None


def unavailable(url: str, error: BaseException | None) -> Unavailable:
    """What to tell a person of an error of the driver, in one sentence without passwords."""
    reason = str(error).strip().partition("\n")[0].removeprefix("connection failed: ")
    return Unavailable(f"The database at {mask_url(url)} cannot be used: {mask_url(reason)}")
