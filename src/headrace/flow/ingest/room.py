"""How much an API works on at once: what would wait for long behind the rest is better sent again later."""

import asyncio
from types import TracebackType
from typing import Self

from headrace.errors import Overloaded

#: Bytes of bodies under way at which no more are taken. One API on one core stores so much in well under a second.
ROOM_BYTES = 32 * 1024 * 1024

#: What a request weighs at least, in bytes, and an event of a batch: a short one is work, too.
LEAST_BYTES, LEAST_EVENT_BYTES = 32 * 1024, 4 * 1024

#: So long a request waits for room, and so many requests do: a client that sends again as soon as it is refused would
#: else keep the API busy with refusals alone. With the time that storing may take, it stays below two seconds.
WAIT_SECONDS, MOST_WAITING = 0.4, 1000


class Room:
    """Counts the requests of one API that are under way, by the size of what they ask to be stored."""

    def __init__(self) -> None:
        self.taken_bytes = 0
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        return self.taken_bytes >= ROOM_BYTES

    async def enter(self) -> "Place":
        """A request begins, before it is read. Raises Overloaded where there is no room for it soon."""
        if self.is_full and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                await asyncio.sleep(WAIT_SECONDS)
            finally:
                self._waiting -= 1
        return Place(self)


class Place:
    """The room that a request takes until it is answered. The with statement gives it back."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._bytes = 0
        self._take(LEAST_BYTES)

    def fill(self, length: int, events: int = 1) -> None:
        """The body was read, so long, and so many events found in it. Raises Overloaded where others came first."""
        weight = max(length, events * LEAST_EVENT_BYTES)
        if weight > self._bytes:
            self._take(weight - self._bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._room.taken_bytes -= self._bytes

    def _take(self, length: int) -> None:
        if self._room.is_full:
            raise Overloaded
        self._room.taken_bytes += length
        self._bytes += length
