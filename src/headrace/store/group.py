"""Group commit: what arrives while a write is under way goes together into the next one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


#: A batch takes no further item beyond so many bytes: statements stay far from what the server takes in one.
BATCH_BYTES = 16 * 1024 * 1024


class GroupCommit(Generic[Item, Answer]):
    """Gathers items into batches of at most `most`, and of `BATCH_BYTES` unless one alone is larger.

    A lone item is written at once; it never waits for company.
    An item whose future is cancelled before its write begins is left out.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]],
        most: int,
        flights: int = 1,
        bytes_of: Callable[[Item], int] = lambda _: 0,
    ) -> None:
        """`write` answers the items in order, with an exception for one that failed. `flights` writes may overlap.
        `bytes_of` tells the size of an item.
        """
        self._write = write
        self._most = most
        self._free = flights
        self._bytes_of = bytes_of
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._flights: set[asyncio.Task[None]] = set()

    def submit(self, item: Item) -> asyncio.Future[Answer]:
        """Hand over an item; the future holds its answer once its batch is written."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._free:
            self._free -= 1
            flight = asyncio.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return future

    @property
    def waiting(self) -> int:
        """How many items no write has taken yet."""
        return len(self._waiting)

    async def drained(self, seconds: float) -> None:
        """Wait until nothing is waiting or under way, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._flights:
                    await asyncio.wait(self._flights)

    async def _fly(self) -> None:
        try:
            while self._waiting:
                await self._write_batch([(item, future) for item, future in self._take() if not future.cancelled()])
        finally:
            self._free += 1

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        """The oldest items that go together, at least one."""
        count, size = 0, 0
        for item, _ in islice(self._waiting, self._most):
            size += self._bytes_of(item)
            if count and size > BATCH_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _write_batch(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        items = [item for item, _ in batch]
        (outcome,) = await asyncio.gather(self._write(items), return_exceptions=True)
        answers = [outcome] * len(items) if isinstance(outcome, BaseException) else outcome
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
