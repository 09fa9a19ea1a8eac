"""An Elasticsearch that is not there, or not itself."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import orjson
import pytest

from headrace.domain.query import Query
from headrace.errors import CopyAway
from headrace.search.elasticsearch.copy import ElasticsearchCopy
from headrace.search.port import Refused, Search, Written
from tests.search.places import MONTH, document, id_after
from tests.support.elasticsearch import ElasticsearchNode, running_elasticsearch

EVERYTHING = Search("acme", Query(), 10)

#: What a balancer takes of one request.
BALANCED_BYTES = 100_000


@asynccontextmanager
async def opened(url: str, timeout_seconds: float = 5.0) -> AsyncIterator[ElasticsearchCopy]:
    copy = ElasticsearchCopy(url, timeout_seconds=timeout_seconds)
    try:
        yield copy
    finally:
        await copy.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_every_call_says_that_nothing_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with opened(f"http://headrace:hunter2@127.0.0.1:{port}") as copy:
        for call in (
            copy.prepare([MONTH]),
            copy.write([document()], 1, {}),
            copy.overwrite([document()], 1),
            copy.search(EVERYTHING),
            copy.parts(),
            copy.further(MONTH),
            copy.list_page(MONTH, None, 10),
            copy.list_strangers(MONTH, 10),
            copy.differing([document()]),
            copy.fingerprint(),
            copy.bury(1.0),
            copy.begin_rebuild(MONTH, 2),
            copy.is_building(MONTH, 2),
            copy.build([document()], 1, MONTH, 2),
            copy.finish_rebuild(MONTH, 2, 1),
        ):
            with pytest.raises(CopyAway, match="cannot be reached") as caught:
                await call
            assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_said(silent: str) -> None:
    async with opened(f"http://{silent}", timeout_seconds=0.2) as copy:
        with pytest.raises(CopyAway, match="in time"):
            await copy.search(EVERYTHING)


@pytest.fixture
def empty() -> Iterator[str]:
    """The address of a server that says that all went well, and nothing else."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        Thread(target=_answer_nothing, args=(server,), daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def _answer_nothing(server: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head + b"Content-Length: 0\r\nConnection: close\r\n\r\n")


async def test_an_answer_that_says_nothing_is_none(empty: str) -> None:
    async with opened(f"http://{empty}") as copy:
        for call in (copy.write([document()], 1, {}), copy.list_page(MONTH, None, 10), copy.parts()):
            with pytest.raises(CopyAway, match="did not answer in JSON"):
                await call


class Balancer(BaseHTTPRequestHandler):
    """Has an answer for bulk requests by itself; of too much it wants to hear nothing."""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = orjson.dumps({"errors": False}) if len(body) <= BALANCED_BYTES else b"<html>413</html>"
        self.send_response(200 if len(body) <= BALANCED_BYTES else 413)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json" if len(body) <= BALANCED_BYTES else "text/html")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name there
        """Say nothing."""


@pytest.fixture
def balancer() -> Iterator[str]:
    """The address of one."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Balancer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


async def test_a_balancer_that_takes_little_at_once_gets_little_at_once(balancer: str) -> None:
    small, large = ({"text": "x" * length} for length in (BALANCED_BYTES // 5, BALANCED_BYTES))
    entries = [document(id_after(n), payload=large if n == 5 else small) for n in range(20)]
    refused = Refused("it is larger than one request may be")
    async with opened(f"http://{balancer}") as copy:
        outcomes = await copy.write(entries, 1, {})
    assert outcomes == [refused if n == 5 else Written() for n in range(20)]


@pytest.mark.slow
@pytest.mark.services
async def test_it_is_there_again_with_all_that_it_took(tmp_path: Path, elasticsearch_program: Path) -> None:
    with running_elasticsearch(tmp_path, program=elasticsearch_program) as node:
        async with opened(node.url) as copy:
            await _kill_and_start_between(node, copy)


async def _kill_and_start_between(node: ElasticsearchNode, copy: ElasticsearchCopy) -> None:
    await copy.prepare([MONTH])
    one = document()
    assert await copy.write([one], 1, {}) == [Written()]
    node.kill()
    with pytest.raises(CopyAway):
        await copy.write([one], 2, {})
    node.start()
    await copy.prepare([MONTH])
    assert await copy.write([one], 3, {}) == [Written()]
    assert [part.documents for part in await copy.parts()] == [1]
