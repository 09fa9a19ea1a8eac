"""As documented: FastAPI, a SQLAlchemy session a request, `send_task`, and a Celery worker with two prefork children.

It is what a team writes by hand after the first pages of the documentation of each: connections are pooled, Celery
keeps its defaults (tasks are acknowledged before they run), results are stored in Postgres, and Celery's own in Redis.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, ClassVar, LiteralString, Self
from uuid import UUID

import orjson
import psutil
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench.load.http import answers_at, fetch, get_request
from bench.ports import free_port
from bench.processes import Program, environment_for, stop_all
from bench.services import Services
from bench.systems.documented.celery_app import TASK, make_celery
from bench.systems.documented.models import Base, Event
from bench.systems.system import READY_SECONDS, Endpoint, StoredResult
from bench.waiting import until

_FOLDER = "bench.systems.documented"

_FINISHED_AT = """
SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM events
WHERE id = ANY (%s) AND task_context IS NOT NULL
"""


class Documented:
    """One API process; a Celery worker with as many prefork children as asked for."""

    name: ClassVar[str] = "documented"
    packages: ClassVar[Sequence[str]] = ("fastapi", "uvicorn", "sqlalchemy", "celery", "redis", "psycopg", "pydantic")
    events_a_second: ClassVar[int] = 400
    stores_results: ClassVar[bool] = True

    def __init__(self, services: Services) -> None:
        self._services = services
        self._url = services.owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
        self._programs: list[Program] = []
        self._held = AsyncExitStack()
        self._endpoint: Endpoint | None = None

    async def __aenter__(self) -> Self:
        self._engine = create_engine(self._url)
        await asyncio.to_thread(Base.metadata.create_all, self._engine)
        self._connection = await self._held.enter_async_context(await self._services.connect())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(stop_all, self._programs)
        self._engine.dispose()
        await self._held.aclose()

    def processes(self) -> Sequence[psutil.Process]:
        return [process for program in self._programs for process in program.processes()]

    async def start_api(self) -> Endpoint:
        port = free_port()
        words = ["uvicorn", f"{_FOLDER}.api:app", "--port", str(port), "--no-access-log"]
        api = self._start("api", words)

        async def ready() -> bool:
            api.must_run()
            return await answers_at(port, "/health")

        await until(ready, "the API answers", READY_SECONDS)
        self._endpoint = Endpoint(port, "/events/")
        return self._endpoint

    async def start_workers(self, processes: int) -> None:
        self._start("worker", ["celery", "-A", f"{_FOLDER}.tasks", "worker", "--concurrency", str(processes)])

    async def stored(self) -> int:
        return int(await self._value("SELECT count(*) FROM events"))

    async def finished(self) -> int:
        for program in self._programs:
            program.must_run()
        return int(await self._value("SELECT count(*) FROM events WHERE task_context IS NOT NULL"))

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """One transaction for all of them, and a task for each."""
        return await asyncio.to_thread(self._fill, bodies)

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

    def _fill(self, bodies: Sequence[bytes]) -> list[str]:
        events = [Event(type=data["type"], data=data) for data in map(orjson.loads, bodies)]
        with Session(self._engine, expire_on_commit=False) as session:
            session.add_all(events)
            session.commit()
        ids = [str(event.id) for event in events]
        with make_celery(self._services.redis_url) as celery_app:
            for event_id in ids:
                celery_app.send_task(TASK, args=[event_id])
        return ids

    def _start(self, name: str, words: Sequence[str]) -> Program:
        urls = {"DOCUMENTED_DATABASE_URL": self._url, "DOCUMENTED_REDIS_URL": self._services.redis_url}
        program = Program(f"documented-{name}", ["-m", *words], self._services.folder, environment_for(urls))
        self._programs.append(program)
        return program

    async def _value(self, statement: LiteralString) -> Any:
        row = await (await self._connection.execute(statement)).fetchone()
        assert row is not None
        return row[0]


def _result_of(event: Mapping[str, Any]) -> StoredResult:
    if event["task_context"] is None:
        raise LookupError(f"The event {event['id']} is not finished.")
    nodes = event["task_context"]["nodes"]
    return StoredResult(nodes["first"], nodes["second"], event["data"])
