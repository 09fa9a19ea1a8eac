"""Headrace, as its README says: `headrace api` and `headrace worker`, with their settings as they are by default."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, ClassVar, LiteralString, Self
from uuid import UUID

import orjson
import psutil

from bench.load.http import answers_at, fetch, get_request, post_request
from bench.ports import free_port
from bench.processes import Program, environment_for, stop_all
from bench.services import Services
from bench.systems.system import READY_SECONDS, Endpoint, StoredResult
from bench.waiting import until
from headrace.settings import child_environment
from headrace.store.migrate import migrate

#: The user's module.
APP = "bench.systems.headrace.app"

#: Search is a row of its own: a copy in the same database takes room, and has to catch up with what is stored.
WITHOUT_SEARCH: Mapping[str, object] = {"search": "false"}

#: A batch of so many bytes at most is sent, and of so many items.
BATCH_BYTES, BATCH_ITEMS = 8_000_000, 500

#: The ledger's sum is the quickest answer, and exact at each commit.
_FINISHED = "SELECT coalesce(sum(delta), 0)::bigint FROM headrace.tallies WHERE state = 'succeeded'"

_FINISHED_AT = """
SELECT event_id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM headrace.results
WHERE event_id = ANY (%s)
"""


class Headrace:
    """One API process; a supervisor with as many worker processes as asked for."""

    name: ClassVar[str] = "headrace"
    packages: ClassVar[Sequence[str]] = ("headrace", "fastapi", "uvicorn", "celery", "psycopg", "pydantic")
    events_a_second: ClassVar[int] = 12_000
    stores_results: ClassVar[bool] = True

    def __init__(self, services: Services, settings: Mapping[str, object] | None = None) -> None:
        """`settings` replace its defaults, by field."""
        self._services = services
        self._settings = settings or {}
        self._programs: list[Program] = []
        self._held = AsyncExitStack()
        self._endpoint: Endpoint | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(migrate, self._services.owner_url, "headrace", self._services.database_url)
        self._connection = await self._held.enter_async_context(await self._services.connect())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(stop_all, self._programs)
        await self._held.aclose()

    def processes(self) -> Sequence[psutil.Process]:
        return [process for program in self._programs for process in program.processes()]

    async def start_api(self) -> Endpoint:
        port = free_port()
        api = self._start("api", "--port", str(port))

        async def ready() -> bool:
            api.must_run()
            return await answers_at(port, "/health/ready")

        await until(ready, "the API answers", READY_SECONDS)
        self._endpoint = Endpoint(port, "/events", "/events/batch")
        return self._endpoint

    async def start_workers(self, processes: int) -> None:
        self._start("worker", "--processes", str(processes))

    async def start_relay(self) -> None:
        """What leads, and keeps the search copy, without workers."""
        self._start("relay")

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """A relay until the end of the context."""
        relay = self._start("relay")
        try:
            yield
        finally:
            await asyncio.to_thread(relay.stop)
            self._programs.remove(relay)

    async def command(self, *words: str, seconds: float) -> None:
        """Run a command to its end. Raises RuntimeError if it fails, and TimeoutError if it takes longer."""
        program = self._start(*words)
        await asyncio.to_thread(program.wait, seconds)
        self._programs.remove(program)

    async def stored(self) -> int:
        return int(await self._value("SELECT count(*) FROM headrace.events"))

    async def finished(self) -> int:
        for program in self._programs:
            program.must_run()
        return int(await self._value(_FINISHED))

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """By batches, over an API, which goes on running."""
        endpoint = self._endpoint or await self.start_api()
        assert endpoint.batch_path is not None
        posts = [post_request(endpoint.batch_path, endpoint.headers, batch) for batch in batches_of(bodies)]
        answers = await fetch(endpoint.port, posts, connections=4)
        return [item["id"] for answer in answers for item in orjson.loads(answer.body)["items"]]

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        endpoint = self._endpoint or await self.start_api()
        answers = await fetch(endpoint.port, [get_request(f"/events/{event_id}") for event_id in ids])
        return [_result_of(orjson.loads(answer.body)) for answer in answers]

    def id_of(self, answer: bytes) -> str:
        found: str = orjson.loads(answer)["id"]
        return found

    async def finished_at(self, ids: Sequence[str]) -> Mapping[str, float]:
        cursor = await self._connection.execute(_FINISHED_AT, [[UUID(event_id) for event_id in ids]])
        return {str(event_id): moment for event_id, moment in await cursor.fetchall()}

    def _start(self, *words: str) -> Program:
        settings = {
            "app": APP,
            "data_dir": self._services.folder,
            "database_url": self._services.database_url,
            "redis_url": self._services.redis_url,
            **self._settings,
        }
        environment = child_environment(settings, environment_for())
        program = Program(f"headrace-{words[0]}", ["-m", "headrace.cli", *words], self._services.folder, environment)
        self._programs.append(program)
        return program

    async def _value(self, statement: LiteralString) -> Any:
        row = await (await self._connection.execute(statement)).fetchone()
        assert row is not None
        return row[0]


def batches_of(bodies: Sequence[bytes], items: int = BATCH_ITEMS) -> Sequence[bytes]:
    """The events as JSON arrays."""
    size = min(items, max(1, BATCH_BYTES // (sum(map(len, bodies)) // len(bodies))))
    return [b"[" + b",".join(bodies[start : start + size]) + b"]" for start in range(0, len(bodies), size)]


def _result_of(event: Mapping[str, Any]) -> StoredResult:
    if event["task_context"] is None:
        raise LookupError(f"The event {event['id']} is {event['state']}.")
    nodes = event["task_context"]["nodes"]
    return StoredResult(nodes["first"], nodes["second"], event["data"])
