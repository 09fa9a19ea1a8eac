"""Stand-ins for services elsewhere: they take as long as real calls do, and one of them is busy at times.

How long and when follows from the question alone, so that every run of the demo has the same work to do.
"""

import asyncio
import time
import zlib

#: A call takes between the first and the second of these.
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 1.0

#: One question in so many is refused once.
BUSY_ONE_IN = 3


class Busy(Exception):
    """The service refuses the call; another try helps."""


def seconds_of_call(question: str) -> float:
    """How long the answer to this question takes."""
    return SHORTEST_SECONDS + (LONGEST_SECONDS - SHORTEST_SECONDS) * (_number(question) % 1000) / 999


async def call(question: str) -> None:
    """Ask without holding a thread."""
    await asyncio.sleep(seconds_of_call(question))


def call_blocking(question: str) -> None:
    """Ask through a library that knows nothing of async: the thread waits."""
    time.sleep(seconds_of_call(question))


class BusyService:
    """Refuses some questions when it hears them for the first time."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    async def call(self, question: str) -> None:
        """Ask. Raises Busy."""
        if _number(question) % BUSY_ONE_IN == 0 and question not in self._refused:
            self._refused.add(question)
            raise Busy("busy; ask again")
        await call(question)


def _number(question: str) -> int:
    return zlib.crc32(question.encode())
