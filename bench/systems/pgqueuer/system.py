"""PgQueuer: jobs in a table of Postgres.

**What is not stored: results.** A job is a row with the event's bytes, which is deleted when the job is through; a
table of log lines keeps that it succeeded. So nothing can be read back, and a result would be the user's own INSERT
beside it. Both steps run within one job, because PgQueuer knows no steps; nothing is kept between them.

As its documentation says: asyncpg, one connection a worker, `pgq autovac` after the installation, the default
durability (all tables are logged), jobs enqueued by lists, uvloop. Its default batch of ten is raised, as its page on
tuning advises for short jobs. A worker is its `PgQueuer.run` in a program, because the command `pgq run` of 1.6.0 fails
with the typer that Headrace uses.
"""

from collections.abc import Sequence
from typing import ClassVar

from bench.systems.foreign import ForeignSystem

#: Jobs that a worker takes at a time, and whose ends it writes at a time. Of 10, 50, 200, 500, 1,000 and 2,000 no other
#: was quicker by more than chance; with its own 10 it needs a commit for every ten jobs.
BATCH_SIZE = 1000


class PgQueuer(ForeignSystem):
    """A program that runs its manager, one process each."""

    name: ClassVar[str] = "pgqueuer"
    packages: ClassVar[Sequence[str]] = ("pgqueuer", "asyncpg")
    events_a_second: ClassVar[int] = 20_000
    stores_results: ClassVar[bool] = False
    client: ClassVar[str] = "bench.systems.pgqueuer.client:PgQueuerClient"

    async def start_workers(self, processes: int) -> None:
        """Start so many worker processes."""
        for number in range(processes):
            words = ["-m", "bench.systems.pgqueuer.worker", self._services.owner_url, str(BATCH_SIZE)]
            self._start(f"pgqueuer-{number}", words)
