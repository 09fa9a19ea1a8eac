"""The pool of a process, when the server at its address becomes another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest

from chaos.proxy import Proxy
from headrace.store.database import Connection, Database, limit_act
from tests.support.storage import Storage

#: Connections of the pool that are in use at once.
TOGETHER = 3

TIMEOUTS = ("lock_timeout", "statement_timeout")


@pytest.fixture
async def proxied(storage: Storage) -> AsyncIterator[tuple[Database, Proxy]]:
    with Proxy(storage.services.database_url) as proxy:
        database = storage.open(proxy.url)
        await database.open()
        yield database, proxy
        await database.close()


async def backends(database: Database) -> set[int]:
    """The server processes of several connections that are in use at once."""
    barrier = asyncio.Barrier(TOGETHER)

    async def use() -> int:
        async with database.connection() as connection:
            await barrier.wait()
            return connection.info.backend_pid

    return set(await asyncio.gather(*(use() for _ in range(TOGETHER))))


async def shown(connection: Connection, name: str) -> str:
    [value] = await (await connection.execute("SELECT current_setting(%s)", [name])).fetchone() or [""]
    return str(value)


async def write(connection: Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE written ()")


async def write_as_to_a_standby(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("SET default_transaction_read_only = on")
        await write(connection)


async def test_a_pool_leaves_a_server_that_takes_no_writes(database: Database) -> None:
    before = await backends(database)

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await write_as_to_a_standby(database)

    assert not before & await backends(database)
    async with database.connection() as connection:
        await write(connection)


async def test_a_pool_whose_connection_broke_leaves_the_others_too(proxied: tuple[Database, Proxy]) -> None:
    database, proxy = proxied
    before = await backends(database)
    proxy.cut()

    with pytest.raises(psycopg.OperationalError):
        async with database.connection() as connection:
            await write(connection)

    assert not before & await backends(database)


async def test_an_error_of_a_statement_costs_no_connection(database: Database) -> None:
    before = await backends(database)

    with pytest.raises(psycopg.DataError):
        async with database.connection() as connection:
            await connection.execute("SELECT 1 / 0")

    assert await backends(database) == before


async def test_an_act_is_limited_as_long_as_its_transaction_lasts(database: Database) -> None:
    async with database.connection() as connection:
        async with connection.transaction():
            await limit_act(connection, 5.0)
            assert [await shown(connection, name) for name in TIMEOUTS] == ["5s", "10s"]
        assert [await shown(connection, name) for name in TIMEOUTS] == ["500ms", "0"]


async def test_an_answer_that_does_not_come_in_time_is_not_waited_for(proxied: tuple[Database, Proxy]) -> None:
    database, proxy = proxied
    async with database.connection() as connection:
        await connection.execute("SELECT 1")
    proxy.hold()

    with pytest.raises(psycopg.OperationalError):
        async with database.connection(answer_seconds=0.1) as connection:
            await connection.execute("SELECT 1")


async def test_the_wait_for_a_connection_is_part_of_its_time(database: Database) -> None:
    async def ask() -> None:
        async with database.connection(answer_seconds=1.0) as connection:
            await connection.execute("SELECT pg_sleep(0.5)")

    async with AsyncExitStack() as in_use:
        for _ in range(database.connections):
            await in_use.enter_async_context(database.connection())
        asking = asyncio.create_task(ask())
        await asyncio.sleep(1.1)

    with pytest.raises(psycopg.OperationalError):
        await asking
