"""The API as a process: uvicorn around the application."""

import asyncio
import signal
import socket
from collections.abc import Sequence
from types import FrameType

import structlog
import uvicorn
from fastapi import APIRouter

from headrace.api.app import create_app
from headrace.bootstrap import spare_the_collector
from headrace.settings import Settings

#: How long requests under way may go on after a SIGTERM.
GRACE_SECONDS = 10

#: A request that a client sends on a connection just made is still answered when the end comes.
LINGER_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Says where it listens, and ends without cutting off a connection that was made a moment ago."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; returns once requests are answered."""
        await super().startup(sockets)
        spare_the_collector()
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            _log.info("the API listens", host=host, port=port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, then answer what came over the others."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(LINGER_SECONDS)
        await super().shutdown(sockets)


def create_server(settings: Settings, *, routers: Sequence[APIRouter] = ()) -> Server:
    """A server that is not running yet. Set its `should_exit` to end it as a SIGTERM would."""
    config = uvicorn.Config(
        create_app(settings, routers=routers),
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config)


def serve(server: Server, listening: socket.socket) -> None:
    """Run `server` on a listening socket, which it closes, until a signal or its `should_exit`."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ended_in_order)  # uvicorn raises the signal again after its graceful end
    with listening:
        server.run(sockets=[listening])


def _ended_in_order(number: int, frame: FrameType | None) -> None:
    """Nothing is left to do: the server has closed, and the process ends with code 0."""
