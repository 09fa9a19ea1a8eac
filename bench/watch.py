"""Looking at worker processes while they work."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil
import psycopg

#: How often it looks.
LOOK_SECONDS = 0.5

_HELD = "SELECT count(*) FROM headrace.runs WHERE owner IS NOT NULL"

_WORKERS = "SELECT pid FROM headrace.workers WHERE role = 'worker' AND expires > now()"


class Watch:
    """The most that was seen between its beginning and its end."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        #: Events that workers held at once.
        self.in_flight = 0
        #: Resident memory of one worker process.
        self.memory_bytes = 0
        self._connection = connection
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look_often())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._looking is not None
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    async def look(self) -> None:
        """Look once more."""
        [(held,)] = await (await self._connection.execute(_HELD)).fetchall()
        self.in_flight = max(self.in_flight, held)
        self.memory_bytes = max(self.memory_bytes, *await worker_memory(self._connection), 0)

    async def _look_often(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)


async def worker_memory(connection: psycopg.AsyncConnection) -> list[int]:
    """Resident bytes of each worker process that has a lease."""
    found = []
    for (pid,) in await (await connection.execute(_WORKERS)).fetchall():
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid).memory_info().rss)
    return found
