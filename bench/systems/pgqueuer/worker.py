"""A worker of PgQueuer: `python -m bench.systems.pgqueuer.worker DATABASE_URL BATCH_SIZE`."""

import asyncio
import signal
import sys

import asyncpg
import orjson
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job

from bench.systems.pgqueuer.entrypoint import ENTRYPOINT
from bench.systems.steps import first_step, second_step


async def work(url: str, batch_size: int) -> None:
    """Work until SIGTERM, on a connection of its own."""
    manager = PgQueuer(AsyncpgDriver(await asyncpg.connect(url)))

    @manager.entrypoint(ENTRYPOINT)
    async def process(job: Job) -> None:
        assert job.payload is not None
        await second_step(await first_step(orjson.loads(job.payload)))

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)
    await manager.run(batch_size=batch_size)


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], int(sys.argv[2])))
