"""Plain Celery that acknowledges late, on Valkey.

**What is not stored: the event, and in the first of the two any result.** An event is a message, which is gone when it
is acknowledged; the second system writes each result to a Redis result backend, where it lives for a day. **Nothing is
flushed to a disk**: Valkey keeps no file, as it does by default with Headrace's embedded one, so a restart loses what
is queued and what was answered. Both steps are calls within one task: Celery has no async tasks, and a chain would be
one message a step.

As its documentation says: `task_acks_late`, the prefork pool with a child a core, a larger prefetch for short tasks
(its guide names 64 and 128), results off with `task_ignore_result`, or on with a Redis backend. It has no bulk publish;
messages are sent one by one on one pooled connection.
"""

from collections.abc import Sequence
from typing import ClassVar

from bench.systems.celery_late.places import result_url
from bench.systems.foreign import ForeignSystem

#: Messages that are reserved ahead for each child: the larger of the two numbers in the guide. 4, the default, and 64
#: were slower.
PREFETCH = 128


class CeleryLate(ForeignSystem):
    """`celery worker` with a prefork pool and without results."""

    name: ClassVar[str] = "celery-late"
    packages: ClassVar[Sequence[str]] = ("celery",)
    events_a_second: ClassVar[int] = 1_300
    stores_results: ClassVar[bool] = False
    client: ClassVar[str] = "bench.systems.celery_late.client:CeleryClient"

    async def start_workers(self, processes: int) -> None:
        """Start a worker with so many children."""
        words = ["-m", "celery", "--app", "bench.systems.celery_late.worker", "worker", "--loglevel", "WARNING"]
        words += ["--concurrency", str(processes), "--prefetch-multiplier", str(PREFETCH)]
        self._start("celery", words, self._variables())

    def _variables(self) -> dict[str, str]:
        return {"CELERY_BROKER_URL": self._services.redis_url}


class CeleryLateWithResults(CeleryLate):
    """The same, with results in Valkey."""

    name: ClassVar[str] = "celery-late-results"
    events_a_second: ClassVar[int] = 800
    stores_results: ClassVar[bool] = True
    client: ClassVar[str] = "bench.systems.celery_late.client:CeleryClientWithResults"

    def _variables(self) -> dict[str, str]:
        return {**super()._variables(), "CELERY_RESULT_BACKEND": result_url(self._services.redis_url)}
