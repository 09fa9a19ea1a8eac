"""A TCP proxy in front of a server, which delays, cuts, holds or spoils the connections to it."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psutil

#: Most bytes that are passed on at once.
CHUNK_BYTES = 65_536


class Trick(Enum):
    """What becomes of a request that a snare caught."""

    #: It is done, its reply is thrown away, and its connection is cut.
    LOSE_REPLY = "lose reply"

    #: It is done, and its reply waits until somebody has been told.
    HOLD_REPLY = "hold reply"

    #: It never arrives: somebody is told, and its connection is cut.
    STOP_REQUEST = "stop request"


@dataclass(eq=False)
class _Snare:
    """Catches requests with these words: `left` more of them, one in `every_seconds` at most."""

    trick: Trick
    words: bytes
    left: float = 0
    every_seconds: float = 0.0
    tell: Callable[[int], None] = lambda _: None
    not_before: float = 0.0

    def catches(self, data: bytes) -> bool:
        now = time.monotonic()
        if self.left <= 0 or now < self.not_before or self.words not in data:
            return False
        self.left -= 1
        self.not_before = now + self.every_seconds
        return True


@dataclass(eq=False)
class _Pair:
    """The two connections of a client: to the proxy, and from there to the server. `caught` is its last request."""

    client: socket.socket
    server: socket.socket
    caught: _Snare | None = None

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Passes connections to the server of a URL on, until told otherwise. A context manager, for any thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._listening = socket.create_server(("127.0.0.1", 0))
        user, _, _ = parts.netloc.rpartition("@")
        here = f"127.0.0.1:{self._listening.getsockname()[1]}"
        #: The server's URL, by way of the proxy.
        self.url = parts._replace(netloc=f"{user}@{here}" if user else here).geturl()
        #: How long each chunk of bytes is under way, in each direction.
        self.delay_seconds = 0.0
        #: How many replies were thrown away.
        self.replies_lost = 0
        #: How many connections were refused.
        self.refused = 0
        self._pairs: list[_Pair] = []
        self._snares: list[_Snare] = []
        self._lock = threading.Lock()
        self._refuses = False
        self._passes = threading.Event()
        self._passes.set()
        self.lead_to(url)
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

    def lead_to(self, url: str) -> None:
        """New connections go to the server of this URL; those that there are stay where they are."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 0)

    def cut(self) -> None:
        """The network has a fault: every connection breaks, and new ones are taken."""
        with self._lock:
            for pair in self._pairs:
                pair.cut()
            self._pairs.clear()

    def refuse(self) -> None:
        """The server is gone: cut every connection, and each new one at once."""
        self._refuses = True
        self.cut()

    def admit(self) -> None:
        """The server is back."""
        self._refuses = False

    def hold(self) -> None:
        """The server hangs, or its host vanished: connections are taken, and nothing is passed on, not even an end."""
        self._passes.clear()

    def release(self) -> None:
        """The server goes on."""
        self._passes.set()

    def lose_reply_to(self, words: bytes, *, times: float = 1, every_seconds: float = 0.0) -> None:
        """Throw the replies to the next requests with these words away, and cut their connections.

        What was asked for is done, and nobody hears of it. `times` may be infinite. A prepared statement is sent by its
        name: take words of its arguments.
        """
        self._snares.append(_Snare(Trick.LOSE_REPLY, words, times, every_seconds))

    def hold_reply_to(
        self, words: bytes, tell: Callable[[int], None], *, times: float = 1, every_seconds: float = 0.0
    ) -> None:
        """As `lose_reply_to`, but the reply is passed on as soon as `tell` returns, which gets the client's pid."""
        self._snares.append(_Snare(Trick.HOLD_REPLY, words, times, every_seconds, tell))

    def stop_request(
        self, words: bytes, tell: Callable[[int], None], *, times: float = 1, every_seconds: float = 0.0
    ) -> None:
        """Pass the next requests with these words not on: `tell` gets the client's pid, then its connection is cut."""
        self._snares.append(_Snare(Trick.STOP_REQUEST, words, times, every_seconds, tell))

    def be_honest(self) -> None:
        """Catch no more requests."""
        self._snares.clear()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            try:
                server = None if self._refuses else socket.create_connection(self._target)
            except OSError:
                server = None
            if server is None:
                client.close()
                self.refused += 1
                return
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = _Pair(client, server)
            self._pairs.append(pair)
        for pass_on in (self._pass_requests_on, self._pass_replies_on):
            threading.Thread(target=pass_on, args=(pair,), daemon=True).start()

    def _pass_requests_on(self, pair: _Pair) -> None:
        with suppress(OSError):
            while data := self._receive(pair.client):
                pair.caught = self._catch(data) or pair.caught
                if pair.caught is not None and pair.caught.trick is Trick.STOP_REQUEST:
                    self._tell(pair)
                    break
                pair.server.sendall(data)
        self._end(pair)

    def _pass_replies_on(self, pair: _Pair) -> None:
        with suppress(OSError):
            while data := self._receive(pair.server):
                if pair.caught is not None and pair.caught.trick is Trick.LOSE_REPLY:
                    self.replies_lost += 1
                    break
                if pair.caught is not None:
                    self._tell(pair)
                    pair.caught = None
                pair.client.sendall(data)
        self._end(pair)

    def _receive(self, source: socket.socket) -> bytes:
        data = source.recv(CHUNK_BYTES)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        self._passes.wait()
        return data

    def _catch(self, data: bytes) -> _Snare | None:
        with self._lock:
            return next((snare for snare in self._snares if snare.catches(data)), None)

    def _tell(self, pair: _Pair) -> None:
        pid = _owner_of(pair.client)
        if pair.caught is not None and pid is not None:
            pair.caught.tell(pid)

    def _end(self, pair: _Pair) -> None:
        pair.cut()
        with self._lock, suppress(ValueError):
            self._pairs.remove(pair)


def _owner_of(end: socket.socket) -> int | None:
    """The process that holds the other end of a connection of this machine."""
    here, there = end.getsockname()[1], end.getpeername()[1]
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.raddr and (connection.laddr.port, connection.raddr.port) == (there, here):
            return connection.pid
    return None
