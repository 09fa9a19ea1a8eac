"""The servers of one trial: a PostgreSQL and a Valkey of its own, with the same settings for every system."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from bench.processes import with_children
from bench.waiting import until
from chaos.cluster.servers import PostgresServer, ValkeyServer, make_servers

#: Servers that were started answer within so many seconds.
READY_SECONDS = 30.0

#: What PostgreSQL is told beyond what `headrace dev` tells it (fsync and synchronous_commit on, 128 MB of shared
#: buffers). By the time of a row's commit an end-to-end latency is known without a client that asks for it.
POSTGRES_SETTINGS = ("--track_commit_timestamp=on", "--shared_preload_libraries=pg_stat_statements")


@dataclass(frozen=True, slots=True)
class Services:
    """Running servers. Nothing is in the database yet but two roles."""

    #: For logs and files of the system that is measured; gone after the trial.
    folder: Path
    #: The running role of Headrace, which may not change the structure of the database.
    database_url: str
    #: The role that owns the database: what a team uses that has one role.
    owner_url: str
    #: The role that may do everything.
    superuser_url: str
    redis_url: str
    #: The first process of each server.
    pids: Sequence[int]

    async def connect(self) -> psycopg.AsyncConnection:
        """A connection that may do everything, in autocommit."""
        return await psycopg.AsyncConnection.connect(self.superuser_url, autocommit=True)

    def processes(self) -> list[psutil.Process]:
        """All processes of both servers that live now."""
        return [process for pid in self.pids for process in with_children(pid)]


@asynccontextmanager
async def running_services() -> AsyncIterator[Services]:
    """Both servers, empty, gone at the end. Raises TimeoutError if they do not answer in time."""
    with TemporaryDirectory(prefix="headrace-bench-") as name:
        folder = Path(name)
        postgres, valkey = make_servers(folder, folder)
        try:
            postgres.start(*POSTGRES_SETTINGS)
            valkey.start()
            await _answer(postgres, valkey)
            postgres.provision()
            yield _services(folder, postgres, valkey)
        finally:
            valkey.stop()
            postgres.stop()


async def _answer(postgres: PostgresServer, valkey: ValkeyServer) -> None:
    async def both() -> bool:
        return postgres.is_ready() and valkey.is_ready()

    await until(both, "PostgreSQL and Valkey answer", READY_SECONDS)


def _services(folder: Path, postgres: PostgresServer, valkey: ValkeyServer) -> Services:
    return Services(
        folder=folder,
        database_url=postgres.app_url,
        owner_url=postgres.owner_url,
        superuser_url=postgres.superuser_url,
        redis_url=valkey.url,
        pids=(postgres.pid, valkey.pid),
    )
