"""DBOS: durable workflows in Postgres.

All is stored: the arguments of a workflow, the output of each of its two steps, and the workflow's own output. It is
the one of the four whose record is as complete as Headrace's, and it has the most to write.

As its documentation says: `DBOSClient` enqueues, many in one transaction; a registered queue, async workflows and
steps, an executor id for each worker process, LISTEN and NOTIFY on. Its queue looks for work once a second unless told
otherwise; it is told to look ten times a second, so that a worker does not idle between two looks.
"""

from collections.abc import Sequence
from typing import ClassVar

from bench.systems.foreign import ForeignSystem


class Dbos(ForeignSystem):
    """A program that launches DBOS, one process each."""

    name: ClassVar[str] = "dbos"
    packages: ClassVar[Sequence[str]] = ("dbos",)
    events_a_second: ClassVar[int] = 300
    stores_results: ClassVar[bool] = True
    client: ClassVar[str] = "bench.systems.dbos.client:DbosClient"

    async def start_workers(self, processes: int) -> None:
        """Start so many worker processes."""
        for number in range(processes):
            words = ["-m", "bench.systems.dbos.worker", self._services.owner_url, f"executor-{number}"]
            self._start(f"dbos-{number}", words)
