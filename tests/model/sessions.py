"""Two connections of the product, one of which may leave its transaction open while the other acts."""

import asyncio
from typing import Any

from headrace.store.database import Connection, connect_options
from tests.model.worker_acts import Act
from tests.support.storage import Storage

#: What `act` answers while the open transaction blocks the act.
BLOCKED = object()

#: Nothing waits for ever; commits need not reach a disk.
OPTIONS = "-c lock_timeout=10s -c synchronous_commit=off"


class Sessions:
    """The two connections, on a loop of their own."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._database = storage.open()
        self._first, self._second = (self._runner.run(self._connect()) for _ in range(2))
        self._blocked: asyncio.Task[Any] | None = None

    async def _connect(self) -> Connection:
        url = self._storage.services.database_url
        return await Connection.connect(url, **connect_options("none"), options=OPTIONS)

    def close(self) -> None:
        self.end(commits=False)
        self._runner.run(self._first.close())
        self._runner.run(self._second.close())
        self._runner.close()

    def leave_open(self, act: Act) -> Any:
        """The answer of an act whose transaction stays open until `end`."""

        async def begin() -> Any:
            await self._first.execute("BEGIN")
            return await act.do(self._first, self._database)

        return self._runner.run(begin())

    def act(self, act: Act) -> Any:
        """The answer of an act that is committed, or `BLOCKED`: then `end` has its answer."""
        return self._runner.run(self._act(act))

    def end(self, *, commits: bool) -> Any:
        """End the open transaction, and then the act that it blocked; returns the answer of that."""
        return self._runner.run(self._end("COMMIT" if commits else "ROLLBACK"))

    async def _act(self, act: Act) -> Any:
        task = asyncio.create_task(self._in_transaction(act))
        while not task.done():
            await asyncio.wait([task], timeout=0.01)
            if not task.done() and self._is_blocked():
                self._blocked = task
                return BLOCKED
        return task.result()

    async def _in_transaction(self, act: Act) -> Any:
        async with self._second.transaction():
            return await act.do(self._second, self._database)

    def _is_blocked(self) -> bool:
        blocked, blocking = self._second.info.backend_pid, self._first.info.backend_pid
        return bool(self._storage.value("SELECT %s = ANY (pg_blocking_pids(%s))", blocking, blocked))

    async def _end(self, how: str) -> Any:
        await self._first.execute(how.encode())
        blocked, self._blocked = self._blocked, None
        return await blocked if blocked is not None else None
