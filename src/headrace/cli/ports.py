"""The API's port, taken before the API starts: `headrace dev` keeps it, so that a reload refuses no request."""

import errno
import socket

from headrace.errors import ConfigurationError

#: Connections that may wait to be taken, as while the API is replaced.
BACKLOG = 1024


def open_port(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigurationError when the port is taken or forbidden, or the host is not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise ConfigurationError([f"The address {host} cannot be used ({error.strerror}). Correct it."]) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be used ({error.strerror})"
        raise ConfigurationError([f"Port {port} on {host} {reason}. Choose another with --port."]) from None
    return listening
