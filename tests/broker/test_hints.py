"""Hints while Redis is away."""

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from celery import Celery
from structlog.testing import capture_logs

from headrace.broker.hints import HintPublisher
from tests.support.waiting import wait_until


class ClosingServer:
    """Takes connections and closes them, as what stands before a Redis that is gone."""

    def __init__(self) -> None:
        self.taken = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            taken.close()
            self.taken += 1

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def no_collection() -> Iterator[None]:
    """What is garbage in circles stays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.slow
def test_a_redis_that_is_away_costs_no_descriptors() -> None:
    with closing(ClosingServer()) as server, no_collection(), capture_logs() as logs:
        publisher = HintPublisher(Celery("hints", broker=f"redis://127.0.0.1:{server.port}/0"))
        held = []
        for failures in range(1, 4):
            publisher.offer("default", [uuid4()])
            wait_until(lambda least=failures: len(logs) >= least, "the hint cannot be sent")  # type: ignore[misc]
            held.append(len(list(Path("/dev/fd").iterdir())))

    assert held[-1] - held[0] <= 1
