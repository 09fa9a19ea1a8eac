"""HTTP/1.1 over kept connections, in as few steps as asyncio allows: the client must not cost what it measures.

It is the same for every system. Requests are bytes that were made beforehand; of an answer it reads the status and as
many bytes as `Content-Length` says, which every measured API sends.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

HOST = "127.0.0.1"

#: A connection is made, or an answer of `fetch` has come, within so many seconds.
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    body: bytes


def post_request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def get_request(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


class Line(asyncio.Protocol):
    """One kept connection, with one request on its way at a time.

    `answered` is called with each answer, and `lost` with the error if the connection ends before it is closed.
    """

    def __init__(self, answered: Callable[["Line", Answer], None], lost: Callable[["Line", Exception], None]) -> None:
        self._answered = answered
        self._lost = lost
        self._buffer = b""
        self._closed = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> None:
        """Send a request; only after the answer to the one before."""
        assert self._transport is not None
        self._transport.write(request)

    def close(self) -> None:
        """End the connection; nothing is called afterwards."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        try:
            answer = parse_answer(self._buffer)
        except ValueError as error:
            self._lost(self, error)
            self.close()
            return
        if answer is not None:
            self._buffer = b""
            self._answered(self, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            self._lost(self, exc or ConnectionResetError("The server closed the connection."))


def parse_answer(data: bytes) -> Answer | None:
    """The answer, once all of it is there. Raises ValueError if it does not say how long it is, or is longer."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end].lower()
    field = head.find(b"\r\ncontent-length:")
    if field < 0:
        raise ValueError(f"An answer without its length: {data[:end]!r}")
    value = head[field + 17 :].partition(b"\r\n")[0]
    body = data[end + 4 :]
    missing = int(value) - len(body)
    if missing < 0:
        raise ValueError("An answer that is longer than it says.")
    return None if missing else Answer(int(data[9:12]), body)


async def connect(port: int, answered: Callable[[Line, Answer], None], lost: Callable[[Line, Exception], None]) -> Line:
    """A new connection. Raises OSError or TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(ANSWER_SECONDS):
        _, line = await loop.create_connection(lambda: Line(answered, lost), HOST, port)
    return line


async def fetch(port: int, requests: Iterable[bytes], connections: int = 16) -> Sequence[Answer]:
    """The answers to all requests, in their order. Raises OSError, ValueError, or TimeoutError after `ANSWER_SECONDS`
    without an answer.
    """
    waiting = list(enumerate(requests))
    waiting.reverse()
    answers: dict[int, Answer] = {}

    async def work() -> None:
        replies: asyncio.Queue[Answer | Exception] = asyncio.Queue()
        line = await connect(
            port, lambda _, answer: replies.put_nowait(answer), lambda _, error: replies.put_nowait(error)
        )
        try:
            while waiting:
                number, request = waiting.pop()
                line.send(request)
                reply = await asyncio.wait_for(replies.get(), ANSWER_SECONDS)
                if isinstance(reply, Exception):
                    raise reply
                answers[number] = reply
        finally:
            line.close()

    await asyncio.gather(*(work() for _ in range(min(connections, len(waiting)))))
    return [answers[number] for number in sorted(answers)]


async def answers_at(port: int, path: str) -> bool:
    """Whether a GET is answered with 200 now."""
    try:
        [answer] = await fetch(port, [get_request(path)])
    except (OSError, TimeoutError):
        return False
    return answer.status == 200
