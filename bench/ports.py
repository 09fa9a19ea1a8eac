"""Ports that are free."""

import socket
from contextlib import closing


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port
