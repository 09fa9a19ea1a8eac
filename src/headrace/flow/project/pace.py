"""How much is written to the copy at a time, and how long it is left alone after trouble."""

import asyncio
import contextlib
from collections.abc import Callable

#: Entries in a batch, at first and at most.
FIRST_ENTRIES, MOST_ENTRIES = 100, 1000

#: Seconds of rest after a first failure, and at most.
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 0.5, 15.0


class Pace:
    """`entries` go into the next batch, after a rest. `chance` is from 0 to 1: rests differ by it, by a fifth."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._rest_seconds = 0.0
        self.entries = FIRST_ENTRIES

    @property
    def rest_seconds(self) -> float:
        """How long to rest now: not at all while all goes well."""
        return self._rest_seconds * (0.8 + 0.4 * self._chance())

    def succeeded(self) -> None:
        """A batch was taken whole: the next may be larger."""
        self._rest_seconds = 0.0
        self.entries = min(MOST_ENTRIES, self.entries * 2)

    def failed(self) -> None:
        """A batch was not taken, or not all of it: less, and later."""
        self._rest_seconds = min(LONGEST_REST_SECONDS, max(FIRST_REST_SECONDS, self._rest_seconds * 2))
        self.entries = max(1, self.entries // 2)


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Return after so long, or as soon as it is time to stop."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
