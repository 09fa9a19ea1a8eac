"""The pool of direct connections that a process has, and the schema that its SQL is meant for."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from headrace.store.sql import qualify

#: Give up connecting after this many seconds, and on a peer that stops answering after about fifteen.
CONNECT_OPTIONS: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

#: A statement that somebody's open transaction blocks gives up, so that one key holds up no group of events.
LOCK_TIMEOUT_MILLISECONDS = 500

#: A statement is prepared once it ran so often on a connection.
PREPARE_AFTER = 3

Connection = AsyncConnection[TupleRow]


def connect_options(pooler: str) -> dict[str, Any]:
    """Arguments of every connection. Behind a pooler in transaction mode nothing is prepared."""
    return {
        **CONNECT_OPTIONS,
        "autocommit": True,
        "application_name": "headrace",
        "prepare_threshold": PREPARE_AFTER if pooler == "none" else None,
    }


def _lock_timeout(pooler: str) -> dict[str, str]:
    """Given as the connection starts, because a session setting would not survive a pooler."""
    return {"options": f"-c lock_timeout={LOCK_TIMEOUT_MILLISECONDS}"} if pooler == "none" else {}


class Database:
    """At most `connections` connections, opened as needed. `source` is asked for the URL at each connect."""

    def __init__(self, source: Callable[[], str], *, schema: str, pooler: str, connections: int) -> None:
        async def url() -> str:
            return source()

        self.schema = schema
        self.connections = connections
        self._pool = AsyncConnectionPool(
            url,
            kwargs={**connect_options(pooler), **_lock_timeout(pooler)},
            min_size=1,
            max_size=connections,
            reconnect_timeout=1.0,
            open=False,
        )

    async def open(self) -> None:
        """Start to connect, without waiting for success."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=2.0)

    @asynccontextmanager
    async def connection(self, timeout_seconds: float = 5.0) -> AsyncIterator[Connection]:
        """A connection in autocommit: each statement is a transaction unless the caller opens one.

        Raises psycopg.OperationalError (psycopg_pool.PoolTimeout is one) when there is none in time.
        """
        async with self._pool.connection(timeout=timeout_seconds) as connection:
            yield connection

    def sql(self, statement: LiteralString) -> LiteralString:
        """The statement for this installation's schema. Only texts written in the store come here."""
        return qualify(statement, self.schema)
