"""A whole installation of real processes, on free ports, in a folder of its own."""

import asyncio
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, LiteralString

import httpx2
import psycopg

from chaos.cluster.environment import program_environment
from chaos.cluster.program import Api, Program, Proxies, Worker
from chaos.cluster.search import SearchServer
from chaos.cluster.servers import PostgresServer, ValkeyServer, make_servers
from chaos.proxy import Proxy
from chaos.waiting import LOOK_SECONDS, until
from headrace.store.migrate import migrate

#: How many of each.
APIS, WORKERS = 3, 2

#: Within so many seconds everything answers, also after a crash.
READY_SECONDS = 60.0

#: Programs that were told to stop have so long.
STOP_SECONDS = 15.0

_HELD = """
SELECT w.pid, count(*) FROM headrace.runs r JOIN headrace.workers w ON w.id = r.owner GROUP BY w.pid
"""

_EXECUTING = "SELECT pid FROM headrace.workers WHERE expires > now() AND role = 'worker'"


class Cluster:
    """PostgreSQL, Valkey, `APIS` APIs and `WORKERS` workers, each program behind proxies of its own.

    `app` is the user's module. With the program of an Elasticsearch there is one, too, and finished events are copied
    to it. Whatever dies is started again unless it was stopped.
    """

    def __init__(self, folder: Path, app: str = "chaos.app", elasticsearch: Path | None = None) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        #: Where the nodes write of their calls.
        self.calls = folder / "calls"
        for made in (folder, self.logs, self.calls):
            made.mkdir(parents=True, exist_ok=True)
        self.postgres, self.valkey = make_servers(folder, self.logs)
        #: Where the search copy lies; None if there is none.
        self.search = None if elasticsearch is None else SearchServer(elasticsearch, folder / "search", self.logs)
        self._held = ExitStack()
        self._settings = {"app": app, "data_dir": folder}
        self.apis = [
            Api(f"api-{number}", port, *self._place()) for number, port in enumerate(_free_ports(APIS), start=1)
        ]
        self.workers = [Worker(f"worker-{number}", *self._place()) for number in range(1, WORKERS + 1)]
        self._keeping: asyncio.Task[None] | None = None

    @property
    def programs(self) -> Sequence[Program]:
        return [*self.apis, *self.workers]

    @property
    def _servers(self) -> Sequence[PostgresServer | ValkeyServer | SearchServer]:
        return [self.postgres, self.valkey, *([] if self.search is None else [self.search])]

    def _place(self) -> tuple[dict[str, str], Path, Proxies]:
        before = [self.postgres.app_url, self.valkey.url, *([] if self.search is None else [self.search.proxy.url])]
        proxies = Proxies(*(self._held.enter_context(Proxy(url)) for url in before))
        urls = {"database_url": proxies.postgres.url, "redis_url": proxies.redis.url}
        if proxies.search is not None:
            urls["elasticsearch_url"] = proxies.search.url
        return program_environment({**self._settings, **urls}), self.logs, proxies

    async def start(self) -> None:
        """Start everything; returns when all of it answers. Raises CampaignFailed if it does not."""
        for server in self._servers:
            server.start()
        await self._servers_answer()
        await asyncio.to_thread(self.postgres.provision)
        await asyncio.to_thread(migrate, self.postgres.owner_url, "headrace", self.postgres.app_url)
        for program in self.programs:
            program.start()
        self._keeping = asyncio.create_task(self._keep())
        await self._programs_answer()

    async def stop(self) -> None:
        """End everything in order, by force what does not."""
        if self._keeping is not None:
            self._keeping.cancel()
        started = [program for program in self.programs if program.starts]
        for program in started:
            program.stop()
        for program in started:
            await asyncio.to_thread(program.wait, STOP_SECONDS)
        self._held.close()
        if self.search is not None:
            await asyncio.to_thread(self.search.close)
        self.valkey.stop()
        self.postgres.stop()

    async def heal(self) -> None:
        """Undo every fault: all proxies pass, all servers and programs run. Returns when they answer."""
        for server in self._servers:
            server.signal(signal.SIGCONT)
            server.start()
        if self.search is not None:
            self.search.proxy.be_honest()
        for program in self.programs:
            program.proxies.open()
            program.signal_all(signal.SIGCONT)
            if not program.wanted:
                program.start()
        await self._servers_answer()
        await self._programs_answer()

    async def rows(self, statement: LiteralString, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows of a statement, as the superuser, past every proxy. Raises psycopg.OperationalError."""
        async with await psycopg.AsyncConnection.connect(self.postgres.superuser_url, autocommit=True) as connection:
            return await (await connection.execute(statement, arguments)).fetchall()

    async def held_runs(self) -> dict[int, int]:
        """By process id, how many runs each process holds; nothing while the database is away."""
        try:
            return dict(await self.rows(_HELD))
        except psycopg.OperationalError:
            return {}

    async def _keep(self) -> None:
        while True:
            for program in self.programs:
                program.keep()
            await asyncio.sleep(LOOK_SECONDS)

    async def _servers_answer(self) -> None:
        async def answer() -> bool:
            return all([await asyncio.to_thread(server.is_ready) for server in self._servers])

        await until(answer, "all servers answer", READY_SECONDS)

    async def _programs_answer(self) -> None:
        await until(self._apis_are_ready, "all APIs are ready", READY_SECONDS)
        await until(self._workers_hold_leases, "all workers hold a lease", READY_SECONDS)

    async def _apis_are_ready(self) -> bool:
        # A proxy that the environment names is not for an address of this machine.
        async with httpx2.AsyncClient(timeout=5.0, trust_env=False) as http:
            try:
                answers = [await http.get(f"{api.url}/health/ready") for api in self.apis]
            except httpx2.TransportError:
                return False
        return all(answer.is_success for answer in answers)

    async def _workers_hold_leases(self) -> bool:
        executing = {pid for (pid,) in await self.rows(_EXECUTING)}
        return all(executing.intersection(process.pid for process in worker.processes()) for worker in self.workers)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        taken = [held.enter_context(closing(socket.create_server(("127.0.0.1", 0)))) for _ in range(count)]
        return [listening.getsockname()[1] for listening in taken]
