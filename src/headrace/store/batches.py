"""Batches: what arrives while a write is under way goes together into the next one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

#: A batch takes no further item beyond so many bytes: statements stay far from what the server takes in one.
BATCH_BYTES = 16 * 1024 * 1024


class Batches(Generic[Item]):
    """Gathers items into batches of at most `most`, and of `BATCH_BYTES` unless one alone is larger.

    A lone item is written at once; it never waits for company.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[None]],
        most: int,
        flights: int = 1,
        bytes_of: Callable[[Item], int] = lambda _: 0,
    ) -> None:
        """`write` raises nothing; so many `flights` of it may overlap. `bytes_of` tells the size of an item."""
        self._write = write
        self._most = most
        self._free = flights
        self._bytes_of = bytes_of
        self._waiting: list[Item] = []
        self._flights: set[asyncio.Task[None]] = set()

    def add(self, item: Item) -> None:
        """Hand over an item."""
        self._waiting.append(item)
        if self._free:
            self._free -= 1
            flight = asyncio.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

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
                await self._write(self._take())
        finally:
            self._free += 1

    def _take(self) -> Sequence[Item]:
        """The oldest items that go together, at least one."""
        count, size = 0, 0
        for item in islice(self._waiting, self._most):
            size += self._bytes_of(item)
            if count and size > BATCH_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


async def answers_of(
    answering: Awaitable[Sequence[Answer | BaseException]], count: int
) -> Sequence[Answer | BaseException]:
    """The answers to so many items, in their order; an error of the whole is the answer to each of them."""
    (outcome,) = await asyncio.gather(answering, return_exceptions=True)
    return [outcome] * count if isinstance(outcome, BaseException) else outcome
