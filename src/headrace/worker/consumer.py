"""Celery's consumer in a thread: it receives hints and runs users' own tasks. The process does not depend on it."""

import gc
import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery import Celery
from celery.platforms import EX_OK
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer as CeleryConsumer

from headrace.broker.config import celery_queue

#: Threads for users' own Celery tasks, and for hints.
CONCURRENCY = 8

#: Pause before a consumer that ended by itself is replaced.
AGAIN_SECONDS = 1.0

#: What Celery raises of a message whose body or headers are not those of a task.
MALFORMED = (AttributeError, LookupError, TypeError, ValueError)

_log = structlog.get_logger(__name__)


class CarefulConsumer(CeleryConsumer):
    """Drops a message that is no task's: Celery's own would end over it, put it back, and meet it again, for ever."""

    def create_task_handler(self, *rest: Any) -> Callable[[Any], None]:
        receive = super().create_task_handler(*rest)

        def receive_or_drop(message: Any) -> None:
            try:
                receive(message)
            except MALFORMED as error:
                self.on_invalid_task(None, message, error)

        return receive_or_drop


class Consumer:
    """Keeps a Celery worker of threads going until told to stop, whatever messages it meets."""

    def __init__(self, app: Celery, queues: Sequence[str], grace_seconds: float) -> None:
        self._app = app
        self._queues = [celery_queue(queue) for queue in queues]
        self._grace_seconds = grace_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._consume, name="consumer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop_soon(self) -> None:
        """Take no more messages and let users' tasks finish; does not wait."""
        self._stopping.set()
        # The flag of Celery's signal handlers, which its loop reads each second at the latest. Its `stop` would close
        # under that loop what it reads from.
        state.should_stop = EX_OK  # type: ignore[assignment]  # an exit code, or None

    def join(self) -> None:
        """Wait for users' tasks to finish, at most for the grace."""
        self._thread.join(self._grace_seconds)

    def _consume(self) -> None:
        while not self._stopping.is_set():
            self._make().start()
            # What it leaves refers to itself in circles, and keeps descriptors open until these are collected.
            gc.collect()
            if not self._stopping.wait(AGAIN_SECONDS):
                _log.warning("the Celery consumer ended; starting another")

    def _make(self) -> WorkController:
        return WorkController(
            app=self._app,
            hostname=f"headrace-{os.getpid()}@{socket.gethostname()}",
            pool_cls="threads",
            concurrency=CONCURRENCY,
            queues=self._queues,
            consumer_cls=CarefulConsumer,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
