"""The floor: the statements of Headrace in its batches on one connection, without HTTP, Celery or nodes.

Nothing on these tables is faster on one connection. It is no system: it answers no request, and runs nobody's code.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from bench.load.bodies import Body
from bench.processes import Program, environment_for
from bench.services import Services
from bench.systems.floor.parts import Part
from headrace.store.migrate import migrate

#: One measurement ends within so many seconds.
MOST_SECONDS = 120.0


class Floor:
    """Measured in a process of its own, one at a time, on tables that are made anew for each."""

    name: ClassVar[str] = "floor"
    packages: ClassVar[Sequence[str]] = ("psycopg",)

    #: About what it does in a second.
    events_a_second: ClassVar[int] = 15_000

    def __init__(self, services: Services) -> None:
        self._services = services

    def events_in(self, seconds: float) -> int:
        """How many events last about so long."""
        return round(self.events_a_second * seconds)

    async def events_each_second(self, part: Part, body: Body, events: int) -> float:
        """The rate of one part. Raises RuntimeError if it fails, TimeoutError if it does not end."""
        await asyncio.to_thread(migrate, self._services.owner_url, "headrace", self._services.database_url)
        words = ["-m", "bench.systems.floor.run", part, body, str(events)]
        environment = environment_for({"FLOOR_DATABASE_URL": self._services.database_url})
        program = Program(f"floor-{part}", words, self._services.folder, environment)
        try:
            await asyncio.to_thread(program.wait, MOST_SECONDS)
        finally:
            program.stop()
        return events / float(program.tail())
