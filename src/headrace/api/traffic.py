"""What this process answered, and how long accepting took: counted in the process, told by `GET /metrics`."""

import time
from bisect import bisect_left
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Upper ends in seconds of the buckets in which the times of accepting are counted.
BUCKETS = (0.005, 0.01, 0.025, 0.1, 0.5, 2.5)

#: The classes of HTTP statuses.
CLASSES = ("2xx", "3xx", "4xx", "5xx")

_ACCEPT_PATHS = frozenset({"/events", "/events/"})

_ACCEPTED = 202


class Traffic:
    """Counts since the process started. `accepts` has one count more than there are buckets: the slower ones."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.accepts = [0] * (len(BUCKETS) + 1)
        self.accept_seconds = 0.0

    def note_answer(self, status: int) -> None:
        """Count an answer by the class of its status."""
        self.answers[f"{status // 100}xx"] += 1

    def note_accept(self, seconds: float) -> None:
        """Count an event that was accepted so long after its request's head had come."""
        self.accepts[bisect_left(BUCKETS, seconds)] += 1
        self.accept_seconds += seconds


class CountTraffic:
    """ASGI middleware that keeps a `Traffic`. A request that breaks off before its answer counts as a failure."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._traffic.note_answer(status)
            if status == _ACCEPTED and scope["path"] in _ACCEPT_PATHS:
                self._traffic.note_accept(time.perf_counter() - begun)
