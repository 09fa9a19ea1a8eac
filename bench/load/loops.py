"""The two ways to send a load: as fast as answers come, and at a rate whatever the answers do."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.load.http import Answer, Line, connect

#: After the last request was sent, answers are waited for so long.
ANSWER_SECONDS = 30.0


@dataclass(slots=True)
class Sent:
    """A request, by the clock of `time.time`: when it was to be sent, and when its answer came."""

    number: int
    due: float
    answered: float = 0.0
    answer: Answer | None = None

    @property
    def seconds(self) -> float:
        """How long the sender waited."""
        return self.answered - self.due


class _Load:
    """Connections and what was sent over them."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.requests = requests
        self.done: list[Sent] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines: list[Line] = []
        self._underway: dict[Line, Sent] = {}

    async def open(self, port: int, connections: int) -> Sequence[Line]:
        self._lines = [await connect(port, self._answered, self._lost) for _ in range(connections)]
        return self._lines

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def send(self, line: Line, number: int, due: float) -> None:
        self._underway[line] = Sent(number, due)
        line.send(self.requests[number % len(self.requests)])

    @property
    def underway(self) -> int:
        return len(self._underway)

    async def ended(self, seconds: float) -> None:
        """Wait for the last answer. Raises the error of a lost connection, or TimeoutError."""
        try:
            async with asyncio.timeout(seconds):
                await self.over
        except TimeoutError:
            raise TimeoutError(f"{self.underway} requests have no answer after {seconds:g} s.") from None

    def freed(self, line: Line) -> None:
        """The line may be used again."""
        raise NotImplementedError

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def _answered(self, line: Line, answer: Answer) -> None:
        sent = self._underway.pop(line)
        sent.answered, sent.answer = time.time(), answer
        self.done.append(sent)
        self.freed(line)

    def _lost(self, line: Line, error: Exception) -> None:
        """A server may close a connection that nobody uses, after some seconds; else the load is over."""
        if line in self._underway and not self.over.done():
            self.over.set_exception(error)
        self.forget(line)

    def forget(self, line: Line) -> None:
        """The line is not to be used any more."""


class _Closed(_Load):
    def __init__(self, requests: Sequence[bytes], seconds: float, most: int | None) -> None:
        super().__init__(requests)
        self._numbers: Iterator[int] = itertools.count() if most is None else iter(range(most))
        self._seconds = seconds
        self._until = 0.0

    def begin(self, lines: Sequence[Line]) -> None:
        self._until = time.time() + self._seconds
        for line in lines:
            self.freed(line)

    def freed(self, line: Line) -> None:
        now = time.time()
        number = next(self._numbers, None) if now < self._until else None
        if number is not None:
            self.send(line, number, now)
        elif not self.underway:
            self.end()


class _Open(_Load):
    def __init__(self, requests: Sequence[bytes], rate: float) -> None:
        super().__init__(requests)
        self._rate = rate
        self._began = 0.0
        self._next = 0
        self._late: list[int] = []
        self._idle: list[Line] = []

    async def run(self, lines: Sequence[Line]) -> None:
        self._idle = list(lines)
        self._began = time.time()
        while self._next < len(self.requests):
            await asyncio.sleep(max(0.0, self._due(self._next) - time.time()))
            while self._next < len(self.requests) and self._due(self._next) <= time.time():
                self._late.append(self._next)
                self._next += 1
            self._send_late()
            if self.over.done():
                return  # a connection was lost

    def freed(self, line: Line) -> None:
        self._idle.append(line)
        self._send_late()
        if len(self.done) == len(self.requests):
            self.end()

    def forget(self, line: Line) -> None:
        if line in self._idle:
            self._idle.remove(line)

    def _send_late(self) -> None:
        while self._late and self._idle:
            number = self._late.pop(0)
            self.send(self._idle.pop(), number, self._due(number))

    def _due(self, number: int) -> float:
        return self._began + number / self._rate


async def closed_loop(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, most: int | None = None
) -> list[Sent]:
    """Each connection sends its next request as soon as it has an answer, for so many seconds, and `most` in all.

    After the last of the requests the first is sent again. Raises OSError, ValueError or TimeoutError if the server
    does not answer all of them.
    """
    load = _Closed(requests, seconds, most)
    try:
        load.begin(await load.open(port, connections))
        await load.ended(seconds + ANSWER_SECONDS)
    finally:
        load.close()
    return load.done


async def open_loop(port: int, requests: Sequence[bytes], rate: float, connections: int = 64) -> list[Sent]:
    """All requests, `rate` a second. One that finds no free connection waits for it: its time counts from when it was
    due, so that a server that stands still cannot slow down its load. Raises as `closed_loop` does.
    """
    load = _Open(requests, rate)
    try:
        lines = await load.open(port, connections)
        await load.run(lines)
        await load.ended(ANSWER_SECONDS)
    finally:
        load.close()
    return load.done
