"""The proxy, in front of a server that repeats what it hears."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf

import pytest

from chaos.proxy import Proxy
from tests.support.waiting import wait_until


class Echo:
    """A server that answers with its name and what it heard."""

    def __init__(self, name: str = "echo") -> None:
        self._name = name.encode()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"echo://127.0.0.1:{self._listening.getsockname()[1]}"
        self.heard: list[bytes] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while data := connection.recv(1024):
                self.heard.append(data)
                connection.sendall(self._name + b":" + data)


@contextmanager
def serving(name: str = "echo") -> Iterator[Echo]:
    echo = Echo(name)
    yield echo
    echo.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with serving() as echo:
        yield echo


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.url) as proxy:
        yield proxy


@contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), timeout=5.0) as client:
        yield client


def ask(client: socket.socket, words: bytes) -> bytes:
    """The answer; empty if the connection is cut."""
    try:
        client.sendall(words)
        return client.recv(1024)
    except ConnectionError:
        return b""


def test_a_connection_is_passed_on(proxy: Proxy) -> None:
    with connected(proxy) as client:
        assert ask(client, b"hello") == b"echo:hello"


def test_a_url_keeps_its_user_and_its_path() -> None:
    with serving() as echo, Proxy(echo.url.replace("//", "//user:secret@") + "/name?x=1") as proxy:
        assert proxy.url.startswith("echo://user:secret@127.0.0.1:")
        assert proxy.url.endswith("/name?x=1")


def test_a_delay_is_paid_in_each_direction(proxy: Proxy) -> None:
    proxy.delay_seconds = 0.1
    with connected(proxy) as client:
        began = time.monotonic()
        assert ask(client, b"hello") == b"echo:hello"
        assert time.monotonic() - began >= 0.2


def test_a_cut_breaks_the_connections_that_there_are(proxy: Proxy) -> None:
    with connected(proxy) as client:
        ask(client, b"hello")
        proxy.cut()
        assert ask(client, b"again") == b""
    with connected(proxy) as client:
        assert ask(client, b"hello") == b"echo:hello"


def test_a_refusing_proxy_takes_nobody_until_it_admits(proxy: Proxy) -> None:
    proxy.refuse()
    with connected(proxy) as client:
        assert ask(client, b"hello") == b""
    wait_until(lambda: proxy.refused == 1, "the refusal is counted")

    proxy.admit()
    with connected(proxy) as client:
        assert ask(client, b"hello") == b"echo:hello"


def test_a_server_that_is_not_there_refuses(echo: Echo, proxy: Proxy) -> None:
    echo.close()
    with connected(proxy) as client:
        assert ask(client, b"hello") == b""
    wait_until(lambda: proxy.refused == 1, "the refusal is counted")


def test_what_is_held_arrives_after_the_release(echo: Echo, proxy: Proxy) -> None:
    with connected(proxy) as client:
        ask(client, b"hello")
        proxy.hold()
        client.sendall(b"held")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1024)
        assert echo.heard == [b"hello"]

        proxy.release()
        client.settimeout(5.0)
        assert client.recv(1024) == b"echo:held"


def test_new_connections_go_where_the_proxy_leads_and_old_ones_stay(proxy: Proxy) -> None:
    with serving("other") as other, connected(proxy) as old:
        ask(old, b"hello")
        proxy.lead_to(other.url)
        with connected(proxy) as new:
            assert ask(new, b"hello") == b"other:hello"
        assert ask(old, b"hello") == b"echo:hello"


def test_a_lost_reply_follows_a_request_that_arrived(echo: Echo, proxy: Proxy) -> None:
    proxy.lose_reply_to(b"COMMIT")
    with connected(proxy) as client:
        assert ask(client, b"BEGIN") == b"echo:BEGIN"
        assert ask(client, b"COMMIT") == b""
    with connected(proxy) as client:
        assert ask(client, b"COMMIT") == b"echo:COMMIT"
    assert echo.heard == [b"BEGIN", b"COMMIT", b"COMMIT"]
    assert proxy.replies_lost == 1


@pytest.mark.parametrize(("times", "every_seconds", "lost"), [(2, 0.0, 2), (inf, 0.0, 4), (inf, 3600.0, 1)])
def test_replies_are_lost_so_often_and_no_oftener(proxy: Proxy, times: float, every_seconds: float, lost: int) -> None:
    proxy.lose_reply_to(b"COMMIT", times=times, every_seconds=every_seconds)
    answers = []
    for _ in range(4):
        with connected(proxy) as client:
            answers.append(ask(client, b"COMMIT"))
    assert answers == [b""] * lost + [b"echo:COMMIT"] * (4 - lost)


def test_an_honest_proxy_loses_nothing(proxy: Proxy) -> None:
    proxy.lose_reply_to(b"COMMIT", times=inf)
    proxy.be_honest()
    with connected(proxy) as client:
        assert ask(client, b"COMMIT") == b"echo:COMMIT"


def test_a_reply_is_held_until_the_owner_of_its_connection_was_told_of(echo: Echo, proxy: Proxy) -> None:
    told: list[int] = []
    may_go_on = threading.Event()

    def tell(pid: int) -> None:
        told.append(pid)
        may_go_on.wait(5.0)

    proxy.hold_reply_to(b"COMMIT", tell)
    with connected(proxy) as client:
        client.sendall(b"COMMIT")
        wait_until(lambda: bool(told), "the reply is held")
        assert (told, echo.heard) == ([os.getpid()], [b"COMMIT"])
        may_go_on.set()
        assert client.recv(1024) == b"echo:COMMIT"


def test_a_stopped_request_never_arrives(echo: Echo, proxy: Proxy) -> None:
    told: list[int] = []
    proxy.stop_request(b"COMMIT", told.append)
    with connected(proxy) as client:
        assert ask(client, b"COMMIT") == b""
    assert (told, echo.heard) == ([os.getpid()], [])
