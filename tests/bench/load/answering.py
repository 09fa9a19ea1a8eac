"""A server that answers requests as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Answering:
    """Where it listens, and the bodies that came."""

    port: int = 0
    came: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def answering(answer: Callable[[bytes], Awaitable[bytes]]) -> AsyncIterator[Answering]:
    """`answer` gets each body and gives the bytes to send."""
    told = Answering()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), b":0")
                body = await reader.readexactly(int(length.partition(b":")[2]))
                told.came.append(body)
                writer.write(await answer(body))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        told.port = server.sockets[0].getsockname()[1]
        yield told


def accepted(body: bytes = b"{}") -> bytes:
    """A 202 with a body."""
    return b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )
