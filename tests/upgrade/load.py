"""A client that never stops sending, whichever API there is."""

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self
from uuid import UUID

from httpx2 import Client, HTTPError

#: Time between two requests.
PAUSE_SECONDS = 0.02


class Load:
    """Sends events in a thread of its own. `clients` may be changed meanwhile; who does not answer is passed over."""

    def __init__(self, *clients: Client) -> None:
        self.clients = list(clients)
        #: The ids that were answered 202, in order, and how long each answer took.
        self.accepted: list[UUID] = []
        self.seconds: list[float] = []
        #: How often each other status was answered.
        self.refused: Counter[int] = Counter()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        number = 0
        while not self._stopping.wait(PAUSE_SECONDS):
            number += 1
            for client in list(self.clients):
                self._send_one(client, 0.3 if number % 5 == 0 else 0.0)

    def _send_one(self, client: Client, seconds: float) -> None:
        began = time.monotonic()
        try:
            answer = client.post("/events", json={"type": "slow", "seconds": seconds})
        except HTTPError:
            return
        if answer.status_code == 202:
            self.accepted.append(UUID(answer.json()["id"]))
            self.seconds.append(time.monotonic() - began)
        else:
            self.refused[answer.status_code] += 1
