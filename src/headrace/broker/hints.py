"""Publishing hints: a thread that tells workers, through Celery, which events are due. Losing one is harmless."""

import contextlib
import os
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import kombu.exceptions
import redis
import structlog

from headrace.broker.config import TASK_NAME, celery_queue

if TYPE_CHECKING:
    from celery import Celery

#: Ids in one message at most.
CHUNK = 100

#: Hints waiting to be published at most; what comes above that is dropped, and found by the workers themselves.
WAITING = 10_000

#: No message is sent while so many lie in Redis already: the workers have work, and find the rest in Postgres.
LONG_LIST = 100

#: Between two sendings: what comes meanwhile goes together, because each costs as much as an event's acceptance.
GAP_SECONDS = 0.005

#: Nothing is sent for so long after Redis failed.
QUIET_SECONDS = 1.0

#: A message that nobody took for this long says nothing new.
EXPIRES_SECONDS = 60

#: What a broken or refusing Redis makes kombu and its client raise.
FAILURES = (kombu.exceptions.OperationalError, redis.RedisError, OSError)

_log = structlog.get_logger(__name__)

Hint = tuple[str, Sequence[UUID]]


class HintPublisher:
    """Never blocks and never raises. One thread a process, started with the first hint, also after a fork."""

    def __init__(self, app: "Celery") -> None:
        self._app = app
        self._hints: queue.Queue[Hint | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        #: How many hints were never sent because Redis was away, or slower than events came.
        self.dropped = 0

    def offer(self, queue_name: str, ids: Sequence[UUID]) -> None:
        """Tell the workers of a queue that these events are due; without ids, that something is."""
        self._ensure_thread()
        try:
            self._hints.put_nowait((queue_name, ids))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Publish what is waiting, for a moment, and end the thread. The next hint starts another."""
        if self._thread is not None and self._pid == os.getpid():
            self._closing.set()
            with contextlib.suppress(queue.Full):
                self._hints.put(None, timeout=1.0)
            self._thread.join(timeout=2.0)
            self._pid = 0

    def _ensure_thread(self) -> None:
        if self._is_running():
            return
        with self._lock:
            if not self._is_running():
                self._hints = queue.Queue(WAITING)
                self._closing = threading.Event()
                self._thread = threading.Thread(target=self._publish, name="hints", daemon=True)
                self._pid = os.getpid()
                self._thread.start()

    def _is_running(self) -> bool:
        return self._pid == os.getpid() and self._thread is not None and self._thread.is_alive()

    def _publish(self) -> None:
        while self._publish_until_failure():
            self._closing.wait(QUIET_SECONDS)

    def _publish_until_failure(self) -> bool:
        """True when Redis failed, False when there is no more to publish."""
        try:
            with self._app.connection_for_write() as connection, contextlib.closing(_poller_of(connection)):
                producer = self._app.amqp.Producer(connection)
                sent_at = 0.0
                while (hint := self._hints.get()) is not None:
                    self._closing.wait(sent_at + GAP_SECONDS - time.monotonic())
                    sent_at = time.monotonic()
                    self._send(producer, connection, self._gather(hint))
                return False
        except FAILURES as error:
            _log.warning("hints not published; workers look by themselves", error=type(error).__name__)
            return not self._drop_waiting()

    def _gather(self, first: Hint) -> dict[str, list[UUID]]:
        """All that is waiting now, by queue."""
        gathered: dict[str, list[UUID]] = defaultdict(list)
        hint: Hint | None = first
        while hint is not None:
            gathered[hint[0]].extend(hint[1])
            try:
                hint = self._hints.get_nowait()
            except queue.Empty:
                return gathered
        with contextlib.suppress(queue.Full):
            self._hints.put_nowait(None)
        return gathered

    def _send(self, producer: Any, connection: Any, gathered: dict[str, list[UUID]]) -> None:
        for name, ids in gathered.items():
            if connection.default_channel.client.llen(celery_queue(name)) >= LONG_LIST:
                continue
            for start in range(0, max(1, len(ids)), CHUNK):
                self._app.send_task(
                    TASK_NAME,
                    args=[str(event_id) for event_id in ids[start : start + CHUNK]],
                    queue=celery_queue(name),
                    producer=producer,
                    expires=EXPIRES_SECONDS,
                    ignore_result=True,
                    retry=False,
                )

    def _drop_waiting(self) -> bool:
        """Forget what waited while Redis was away. True when the end was among it."""
        while True:
            try:
                if self._hints.get_nowait() is None:
                    return True
                self.dropped += 1
            except queue.Empty:
                return False


def _poller_of(connection: Any) -> Any:
    """What waits for kombu's sockets: it would leave the descriptor to the garbage collector."""
    return connection.transport.cycle.poller
