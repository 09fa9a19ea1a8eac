"""Celery's consumer in a thread: it receives hints and runs users' own tasks. The process does not depend on it."""

import os
import socket
import threading
from collections.abc import Sequence

import structlog
from celery import Celery
from celery.platforms import EX_OK
from celery.worker import WorkController, state

from headrace.broker.config import celery_queue

#: Threads for users' own Celery tasks, and for hints.
CONCURRENCY = 8

#: Pause before a consumer that ended by itself is replaced.
AGAIN_SECONDS = 1.0

_log = structlog.get_logger(__name__)


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
            controller = WorkController(
                app=self._app,
                hostname=f"headrace-{os.getpid()}@{socket.gethostname()}",
                pool_cls="threads",
                concurrency=CONCURRENCY,
                queues=self._queues,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            )
            controller.start()
            if not self._stopping.wait(AGAIN_SECONDS):
                _log.warning("the Celery consumer ended; starting another")
