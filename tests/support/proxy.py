"""A TCP proxy in front of a server, by which a test cuts, holds or spoils the connections to it."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

#: Most bytes that are passed on at once.
CHUNK_BYTES = 65_536


#: Words that no request has.
NO_WORDS = b"\0no request has these words\0"


@dataclass(eq=False)
class _Pair:
    """The two connections of a client: to the proxy, and from there to the server."""

    client: socket.socket
    server: socket.socket
    loses_reply: bool = False


class Proxy:
    """Passes connections to the server of a URL on, until told otherwise. A context manager, for any thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 0)
        self._listening = socket.create_server(("127.0.0.1", 0))
        user, _, _ = parts.netloc.rpartition("@")
        here = f"127.0.0.1:{self._listening.getsockname()[1]}"
        #: The server's URL, by way of the proxy.
        self.url = parts._replace(netloc=f"{user}@{here}" if user else here).geturl()
        self._pairs: list[_Pair] = []
        self._lock = threading.Lock()
        self._refuses = False
        self._loses_reply_to = NO_WORDS
        #: How many replies were thrown away.
        self.replies_lost = 0
        #: How many connections were refused.
        self.refused = 0
        self._passes = threading.Event()
        self._passes.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.refuse()
        self.release()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def refuse(self) -> None:
        """The server is gone: cut every connection, and each new one at once."""
        with self._lock:
            self._refuses = True
            for pair in self._pairs:
                _cut(pair)
            self._pairs.clear()

    def admit(self) -> None:
        """The server is back."""
        self._refuses = False

    def hold(self) -> None:
        """The server hangs: connections are taken, and nothing is passed on."""
        self._passes.clear()

    def release(self) -> None:
        """The server goes on."""
        self._passes.set()

    def lose_reply_to(self, words: bytes) -> None:
        """Throw the reply to the next request with these words away, once, and cut its connection.

        What was asked for is done, and nobody hears of it.
        """
        self._loses_reply_to = words

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            if self._refuses:
                client.close()
                self.refused += 1
                return
            server = socket.create_connection(self._target)
            pair = _Pair(client, server)
            self._pairs.append(pair)
        threading.Thread(target=self._pass_on, args=(client, server, pair), daemon=True).start()
        threading.Thread(target=self._pass_on, args=(server, client, pair), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, pair: _Pair) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self._passes.wait()
                if target is pair.server and self._loses_reply_to in data:
                    self._loses_reply_to = NO_WORDS
                    pair.loses_reply = True
                if target is pair.client and pair.loses_reply:
                    self.replies_lost += 1
                    break
                target.sendall(data)
        _cut(pair)


def _cut(pair: _Pair) -> None:
    for end in (pair.client, pair.server):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
