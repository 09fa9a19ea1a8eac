"""Procrastinate: jobs in a table of Postgres, taken one by one.

**What is not stored: results.** A job's row stays with its arguments and the state it ended in; what the task returns
goes into a log line. Both steps run within one job, because Procrastinate knows no steps.

As its documentation says: the psycopg connector with its pool, jobs deferred with `batch_defer`, `procrastinate
worker` with `--concurrency` for async tasks, finished jobs kept (the default). Its two log lines a job, which are on by
default, are turned off: they would cost it time that no other system spends.
"""

from collections.abc import Sequence
from typing import ClassVar

from bench.systems.foreign import ForeignSystem, libpq_variables

#: Async jobs at once in a worker process. Its page on concurrency names 30 as an example; of 10, 30 and 100 the last
#: was the quickest by a little, each of two times.
CONCURRENCY = 100


class Procrastinate(ForeignSystem):
    """`procrastinate worker`, one process each."""

    name: ClassVar[str] = "procrastinate"
    packages: ClassVar[Sequence[str]] = ("procrastinate",)
    events_a_second: ClassVar[int] = 400
    stores_results: ClassVar[bool] = False
    client: ClassVar[str] = "bench.systems.procrastinate.client:ProcrastinateClient"

    async def start_workers(self, processes: int) -> None:
        """Start so many worker processes."""
        words = ["-m", "procrastinate", "--log-level", "warning", "--app", "bench.systems.procrastinate.worker.app"]
        words += ["worker", "--concurrency", str(CONCURRENCY)]
        for number in range(processes):
            self._start(f"procrastinate-{number}", words, libpq_variables(self._services.owner_url))
