"""One worker process: a loop for its life, Celery's consumer beside it, a heartbeat, a tick to its supervisor."""

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from headrace.bootstrap import WorkerServices, celery_app, open_worker, spare_the_collector
from headrace.flow.execute import TOGETHER, Lane
from headrace.settings import Settings
from headrace.worker.consumer import Consumer
from headrace.worker.report import report_settled

#: Seconds between two ticks.
TICK_SECONDS = 1.0

#: A process for runs that lost workers ends when it had nothing to do for so long.
IDLE_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """Which runs the process takes, and whether it consumes Celery messages itself.

    From its supervisor, if it has one: the id of its launch, and where it ticks to.
    """

    lane: Lane = Lane.SOUND
    consumes: bool = True
    launch: UUID | None = None
    tick_descriptor: int | None = None


class WorkerProcess:
    """Made and run on one loop. `request_stop` ends it in order, from any thread."""

    def __init__(self, settings: Settings, options: ProcessOptions) -> None:
        self._settings = settings
        self._options = options
        self._ticked = time.monotonic()
        self._busy = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Work until asked to stop; then finish within the grace, and give the rest back."""
        tell = report_settled(self._settings)
        async with open_worker(
            self._settings, self._options.lane, self._options.launch, self._is_alive, tell
        ) as services:
            spare_the_collector()
            ticking = asyncio.create_task(self._tick(services))
            executing = asyncio.create_task(self._execute(services))
            consumer = self._start_consumer(services)
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait({executing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if consumer is not None:
                consumer.stop_soon()
            services.executor.stop()
            await asyncio.wait({executing})
            await services.executor.finish(self._settings.grace_seconds)
            if consumer is not None:
                await asyncio.to_thread(consumer.join)
            ticking.cancel()
            stopping.cancel()
            executing.result()  # an executor that broke off ends the process with its error

    def request_stop(self) -> None:
        """Ask the process to end; safe from any thread, and more than once."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _execute(self, services: WorkerServices) -> None:
        loop, executor = asyncio.get_running_loop(), services.executor

        def look() -> None:
            loop.call_soon_threadsafe(executor.hint)

        services.heartbeat.start(on_register=look)
        await executor.run()

    def _start_consumer(self, services: WorkerServices) -> Consumer | None:
        loop, executor = asyncio.get_running_loop(), services.executor

        def deliver(ids: Sequence[UUID]) -> None:
            loop.call_soon_threadsafe(executor.hint, ids)

        celery_app.on_hint = deliver
        if not self._options.consumes:
            return None
        consumer = Consumer(celery_app, self._settings.queues, self._settings.grace_seconds)
        consumer.start()
        return consumer

    async def _tick(self, services: WorkerServices) -> None:
        while True:
            now = self._ticked = time.monotonic()
            if services.executor.in_flight:
                self._busy = now
            if self._options.lane in TOGETHER and now - self._busy > IDLE_SECONDS:
                self._stop.set()
            if services.threads.lost >= self._settings.lost_threads:
                _log.warning("too many threads are stuck in nodes; ending so that a fresh process takes over")
                self._stop.set()
            if self._options.tick_descriptor is not None:
                with contextlib.suppress(OSError):  # the supervisor is gone; standard input tells
                    os.write(self._options.tick_descriptor, b".")
            await asyncio.sleep(TICK_SECONDS)

    def _is_alive(self) -> bool:
        return time.monotonic() - self._ticked < self._settings.stuck_seconds
