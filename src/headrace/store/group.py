"""Group commit: batches of which each item's caller awaits its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic

from headrace.store.batches import Answer, Batches, Item, answers_of


class GroupCommit(Generic[Item, Answer]):
    """Gathers items as `Batches` does. An item whose future is cancelled before its write begins is left out."""

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]],
        most: int,
        flights: int = 1,
        bytes_of: Callable[[Item], int] = lambda _: 0,
    ) -> None:
        """`write` answers the items in order, with an exception for one that failed."""
        self._write = write
        self._batches: Batches[tuple[Item, asyncio.Future[Answer]]] = Batches(
            self._write_batch, most, flights, lambda waiting: bytes_of(waiting[0])
        )

    def submit(self, item: Item) -> asyncio.Future[Answer]:
        """Hand over an item; the future holds its answer once its batch is written."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._batches.add((item, future))
        return future

    @property
    def waiting(self) -> int:
        """How many items no write has taken yet."""
        return self._batches.waiting

    async def drained(self, seconds: float) -> None:
        """Wait until nothing is waiting or under way, at most so long."""
        await self._batches.drained(seconds)

    async def _write_batch(self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        awaited = [(item, future) for item, future in batch if not future.cancelled()]
        answers = await answers_of(self._write([item for item, _ in awaited]), len(awaited))
        for (_, future), answer in zip(awaited, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
