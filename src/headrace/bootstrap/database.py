"""Connections for processes and for single commands."""

import getpass
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from headrace.errors import Unavailable
from headrace.flow.operate import Operator
from headrace.settings import Settings, mask_url
from headrace.store.database import Connection, Database, connect_options


def open_database(settings: Settings, connections: int, *, kept: int = 1) -> Database:
    """A pool for this process, of which so many connections are `kept` when idle; it is opened by its user."""
    return Database(
        settings.database_source(),
        schema=settings.database_schema,
        pooler=settings.database_pooler,
        connections=connections,
        kept=kept,
    )


@asynccontextmanager
async def open_connection(settings: Settings) -> AsyncIterator[tuple[Database, Connection]]:
    """One connection for a command: no pool, which would go on trying. Raises Unavailable with the reason."""
    url = settings.database_source()()
    try:
        connection = await psycopg.AsyncConnection.connect(url, **connect_options(settings.database_pooler))
    except psycopg.Error as error:
        raise Unavailable(f"{unavailable(url, error)}{_remedy(settings)}") from None
    async with connection:
        yield open_database(settings, 1), connection


@asynccontextmanager
async def open_operator(settings: Settings) -> AsyncIterator[Operator]:
    """The acts of an operator at this machine. Raises Unavailable with the reason.

    Nobody is told of what is due: workers look by themselves, and the relay wakes them within a second.
    """
    async with open_connection(settings):
        pass  # says why there is none, where a pool would go on trying
    database = open_database(settings, 1)
    await database.open()
    try:
        yield Operator(database, lambda _queue, _ids: None, local_actor())
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None
    finally:
        await database.close()


def local_actor() -> str:
    """How the audit names whoever types a command here: `cli:user@host`."""
    return f"cli:{_user()}@{socket.gethostname()}"


def _user() -> str:
    """Who runs this process; the number of a user who has no name here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _remedy(settings: Settings) -> str:
    """Where a `headrace dev` has been, its database is meant, and that stops with it."""
    if "database_url" in settings.model_fields_set or not settings.data_dir.is_dir():
        return ""
    return ". Start it with `headrace dev`, or set HEADRACE_DATABASE_URL."


def unavailable(url: str, error: BaseException | None) -> Unavailable:
    """What to tell a person of an error of the driver, in one sentence without passwords."""
    reason = str(error).strip().partition("\n")[0].removeprefix("connection failed: ")
    return Unavailable(f"The database at {mask_url(url)} cannot be used: {mask_url(reason)}")
