"""Ports on 127.0.0.1, chosen once and kept."""

import socket
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from headrace.embedded.files import read_json, write_private_json

#: The only address on which the servers listen.
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two servers listen."""

    postgres: int
    valkey: int


def choose_ports(path: Path) -> Ports:
    """The ports kept in the file `path` if both are free, else two new ones, which are kept there."""
    kept = read_json(path)
    if kept is not None:
        ports = Ports(**kept)
        if _is_free(ports.postgres) and _is_free(ports.valkey):
            return ports
    with closing(_bound(0)) as first, closing(_bound(0)) as second:
        ports = Ports(postgres=first.getsockname()[1], valkey=second.getsockname()[1])
    write_private_json(path, asdict(ports))
    return ports


def _is_free(port: int) -> bool:
    try:
        _bound(port).close()
    except OSError:
        return False
    return True


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # The servers set it too: connections of the last run that are in TIME_WAIT do not make a port busy.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
