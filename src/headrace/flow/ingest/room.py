"""How much an API works on at once: what would wait for long behind the rest is better sent again later."""

from types import TracebackType
from typing import Self

from headrace.errors import Overloaded

#: Bytes of bodies under way at which no more are taken. One API on one core stores so much in well under a second.
ROOM_BYTES = 8 * 1024 * 1024

#: What a request weighs at least, in bytes: a short one is work, too.
LEAST_BYTES = 8 * 1024


class Room:
    """Counts the requests of one API that are under way, by the size of what they ask to be stored."""

    def __init__(self) -> None:
        self.taken_bytes = 0

    def enter(self) -> "Place":
        """A request begins. Raises Overloaded while no more is taken."""
        return Place(self)


class Place:
    """The room that a request takes until it is answered. The with statement gives it back."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._bytes = 0
        self._take(LEAST_BYTES)

    def fill(self, length: int) -> None:
        """The body was read, so long. Raises Overloaded where others came first."""
        if length > LEAST_BYTES:
            self._take(length - LEAST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._room.taken_bytes -= self._bytes

    def _take(self, length: int) -> None:
        if self._room.taken_bytes >= ROOM_BYTES:
            raise Overloaded
        self._room.taken_bytes += length
        self._bytes += length
