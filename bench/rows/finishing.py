"""Waiting until what was sent is finished."""

import psycopg

from bench.systems.system import Processes
from bench.waiting import until


async def until_finished(system: Processes, events: int, seconds: float) -> None:
    """Return as soon as so many events are finished, which are all that were sent. Raises TimeoutError."""

    async def all_are() -> bool:
        return await system.finished() == events

    await until(all_are, f"{events} events are finished", seconds)


async def waiting_entries(connection: psycopg.AsyncConnection) -> int:
    """How many entries of the search copy are yet to be written."""
    cursor = await connection.execute("SELECT count(*) FROM headrace.projections")
    [(count,)] = await cursor.fetchall()
    return int(count)


async def until_projected(connection: psycopg.AsyncConnection, seconds: float) -> None:
    """Return as soon as the search copy has all that is finished, or nobody keeps one. Raises TimeoutError."""

    async def none_waits() -> bool:
        return await waiting_entries(connection) == 0

    await until(none_waits, "nothing waits to be projected", seconds)
