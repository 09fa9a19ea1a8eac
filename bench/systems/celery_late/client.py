"""Messages sent one by one on one connection, and counted by what is left of them."""

import asyncio
from collections.abc import Iterable, Sequence

import orjson
import redis.asyncio
from celery import Celery

from bench.services import Services
from bench.systems.celery_late.places import QUEUE, UNACKNOWLEDGED, result_url
from bench.systems.system import StoredResult


class CeleryClient:
    """Without results."""

    def __init__(self, services: Services) -> None:
        self._redis_url = services.redis_url
        self._app = Celery("bench", broker=services.redis_url, task_ignore_result=True)
        self._redis = redis.asyncio.Redis.from_url(services.redis_url)
        self._filled = 0

    async def open(self) -> None:
        """Nothing is to be made."""

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()
        self._app.close()

    async def fill(self, bodies: Sequence[bytes]) -> Sequence[str]:
        """Publish a message each."""
        ids = await asyncio.to_thread(self._publish, bodies)
        self._filled += len(ids)
        return ids

    async def finished(self) -> int:
        """A message is gone when its task is through and it is acknowledged.

        Between the queue and the list of what is not acknowledged a message is nowhere, for less than a millisecond;
        so the end of a backlog is seen too early by that much at most.
        """
        async with self._redis.pipeline() as pipeline:
            pipeline.llen(QUEUE)
            pipeline.hlen(UNACKNOWLEDGED)
            queued, unacknowledged = await pipeline.execute()
        return self._filled - int(queued) - int(unacknowledged)

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Raises LookupError: results are off."""
        raise LookupError(f"Results are off: {list(ids)[:1]}")

    def _publish(self, bodies: Sequence[bytes]) -> list[str]:
        with self._app.producer_or_acquire() as producer:
            return [
                self._app.send_task("two_steps", args=[orjson.loads(body)], producer=producer).id for body in bodies
            ]


class CeleryClientWithResults(CeleryClient):
    """With a Redis result backend."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        backend = result_url(services.redis_url)
        self._app = Celery("bench", broker=services.redis_url, backend=backend)
        self._results = redis.asyncio.Redis.from_url(backend)

    async def close(self) -> None:
        """Close all connections."""
        await self._results.aclose()
        await super().close()

    async def finished(self) -> int:
        """Each result is one key."""
        return int(await self._results.dbsize())

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        """Through Celery's own backend. Raises LookupError if one has none."""
        return await asyncio.to_thread(lambda: [self._result_of(task) for task in ids])

    def _result_of(self, task: str) -> StoredResult:
        answer = self._app.AsyncResult(task)
        outputs = answer.result
        if not isinstance(outputs, dict):
            raise LookupError(f"The task {task} is {answer.state} and has no result.")
        return StoredResult(outputs["first"], outputs["second"])
