"""The pool of direct connections that a process has, and the schema that its SQL is meant for."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from headrace.store.sql import qualify

#: Give up connecting after this many seconds, and a host that vanished without a word after about five.
CONNECT_OPTIONS: Mapping[str, int] = {
    "connect_timeout": 3,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}

#: Connections are all left for new ones once in so many seconds at most.
RECONNECT_SECONDS = 1.0

#: A statement that somebody's open transaction blocks gives up, so that one key holds up no group of events.
LOCK_TIMEOUT_MILLISECONDS = 500

#: A transaction whose process stands still gives up what it holds: a machine that sleeps must not hold runs for ever.
IDLE_TIMEOUT_MILLISECONDS = 5000

#: A statement of such an act ends after this long: it holds what it has locked.
ACT_MILLISECONDS = 10_000

#: A statement is prepared once it ran so often on a connection.
PREPARE_AFTER = 3

#: What a statement meets while the database is away, cannot be written, or is locked for long.
AWAY = (psycopg.OperationalError, psycopg.InternalError, psycopg.InterfaceError)

Connection = AsyncConnection[TupleRow]


async def limit_act(connection: Connection, patience_seconds: float) -> None:
    """Until it ends let a transaction wait so long for a lock, and `ACT_MILLISECONDS` for an answer."""
    await connection.execute(
        "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
        [str(round(patience_seconds * 1000)), str(ACT_MILLISECONDS)],
    )


async def limit_statements(connection: Connection, seconds: float) -> None:
    """Let the server end each statement of the transaction after so long, with QueryCanceled."""
    await connection.execute(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")


async def read_one_moment(connection: Connection) -> None:
    """Let all statements of the transaction, which is to begin with this, see the same moment."""
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def connect_options(pooler: str) -> dict[str, Any]:
    """Arguments of every connection. Behind a pooler in transaction mode nothing is prepared."""
    return {
        **CONNECT_OPTIONS,
        "autocommit": True,
        "application_name": "headrace",
        "prepare_threshold": PREPARE_AFTER if pooler == "none" else None,
    }


def _timeouts(pooler: str) -> dict[str, str]:
    """Given as the connection starts, because a session setting would not survive a pooler."""
    if pooler != "none":
        return {}
    idle = f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MILLISECONDS}"
    return {"options": f"-c lock_timeout={LOCK_TIMEOUT_MILLISECONDS} {idle}"}


class Database:
    """At most `connections` connections, opened as needed, of which so many are `kept` when idle for minutes.

    `source` is asked for the URL at each connect.
    """

    def __init__(self, source: Callable[[], str], *, schema: str, pooler: str, connections: int, kept: int = 1) -> None:
        async def url() -> str:
            return source()

        self.schema = schema
        self.connections = connections
        self._reconnect_not_before = 0.0
        self._pool = AsyncConnectionPool(
            url,
            kwargs={**connect_options(pooler), **_timeouts(pooler)},
            min_size=kept,
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
    async def connection(
        self, timeout_seconds: float = 5.0, *, answer_seconds: float | None = None
    ) -> AsyncIterator[Connection]:
        """A connection in autocommit: each statement is a transaction unless the caller opens one.

        Raises psycopg.OperationalError (psycopg_pool.PoolTimeout is one) when there is none in time, or when the caller
        is not done with it `answer_seconds` after it asked.
        """
        deadline = None if answer_seconds is None else asyncio.get_running_loop().time() + answer_seconds
        async with self._pool.connection(timeout=timeout_seconds) as connection, _hung_up(connection, deadline):
            try:
                yield connection
            except psycopg.Error as error:
                if connection.broken or isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                    await self.reconnect()
                raise

    async def reconnect(self) -> None:
        """Leave every connection for a new one, those in use at their return.

        Where one broke, or leads to a primary that became a standby, the others are no better, and the address may lead
        to another server by now. Soon after it was done, nothing is done: a server in trouble is spared.
        """
        if time.monotonic() >= self._reconnect_not_before:
            self._reconnect_not_before = time.monotonic() + RECONNECT_SECONDS
            await self._pool.drain()

    def sql(self, statement: LiteralString) -> LiteralString:
        """The statement for this installation's schema. Only texts written in the store come here."""
        return qualify(statement, self.schema)


@asynccontextmanager
async def _hung_up(connection: Connection, deadline: float | None) -> AsyncIterator[None]:
    """Break the connection at that time of the loop. To cancel a statement would wait for a server that hangs."""
    if deadline is None:
        yield
        return
    timer = asyncio.get_running_loop().call_at(deadline, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: Connection) -> None:
    with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
