"""The embedded Valkey: a broker whose content is disposable, so nothing is written to disk."""

import socket
from collections.abc import Sequence
from pathlib import Path

from headrace.embedded.ports import HOST

#: How long one PING may take.
PING_TIMEOUT_SECONDS = 1.0


def command(prefix: Sequence[str], program: Path, folder: Path, port: int) -> list[str]:
    """The server's command line."""
    settings = {
        "bind": HOST,
        "port": str(port),
        "protected-mode": "yes",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
    }
    return [
        *prefix,
        str(program),
        *(word for name, value in settings.items() for word in (f"--{name}", value)),
    ]


def is_ready(port: int) -> bool:
    """Whether the server answers a PING now."""
    try:
        with socket.create_connection((HOST, port), timeout=PING_TIMEOUT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
