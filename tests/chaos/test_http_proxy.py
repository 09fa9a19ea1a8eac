"""The HTTP proxy, in front of a server that takes bulk requests."""

import random
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
import orjson
import pytest

from chaos.http_proxy import HttpProxy
from chaos.spoiling import Fate, Spoiling, items_of

BULK = b'{"index":{"_id":"1"}}\n{}\n{"index":{"_id":"2"}}\n{}\n{"index":{"_id":"3"}}\n{}\n'


class Taking(BaseHTTPRequestHandler):
    """Answers that it took each item, with the item."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(body)
        items = [{"index": {**orjson.loads(item.split(b"\n")[0])["index"], "status": 201}} for item in items_of(body)]
        answer = orjson.dumps({"errors": False, "items": items})
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Served", "yes")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name there
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.heard: list[bytes] = []


class Only(Spoiling):
    """Has all requests meet the same fate."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(random.Random(1))
        self._fate = fate

    def fate_of(self, path: str) -> Fate:
        return self._fate

    def choose_items(self, count: int) -> dict[int, int]:
        return {1: 503}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(server: Server) -> Iterator[HttpProxy]:
    with HttpProxy(f"http://127.0.0.1:{server.server_port}") as proxy:
        yield proxy


@pytest.fixture
def client(proxy: HttpProxy) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=proxy.url, timeout=5.0, trust_env=False) as client:
        yield client


def statuses(answer: httpx2.Response) -> list[int]:
    return [item["index"]["status"] for item in answer.json()["items"]]


def test_requests_are_passed_on_and_answers_back(server: Server, client: httpx2.Client) -> None:
    for _ in range(2):
        answer = client.post("/_bulk", content=BULK)
        assert (answer.status_code, answer.headers["X-Served"], statuses(answer)) == (200, "yes", [201, 201, 201])
    assert server.heard == [BULK, BULK]


def test_a_request_that_is_refused_never_arrives(server: Server, proxy: HttpProxy, client: httpx2.Client) -> None:
    proxy.spoil(Only(Fate.REFUSE))
    assert client.post("/_bulk", content=BULK).status_code in (429, 503)
    assert server.heard == []

    proxy.be_honest()
    assert client.post("/_bulk", content=BULK).status_code == 200


def test_an_answer_that_is_lost_was_given(server: Server, proxy: HttpProxy, client: httpx2.Client) -> None:
    proxy.spoil(Only(Fate.LOSE_REPLY))
    with pytest.raises(httpx2.TransportError):
        client.post("/_bulk", content=BULK)
    assert server.heard == [BULK]


def test_items_that_are_refused_never_arrive(server: Server, proxy: HttpProxy, client: httpx2.Client) -> None:
    proxy.spoil(Only(Fate.REFUSE_ITEMS))
    answer = client.post("/_bulk", content=BULK)

    assert statuses(answer) == [201, 503, 201]
    assert [b'"2"' in heard for heard in server.heard] == [False]


def test_a_server_that_is_gone_is_gone_by_way_of_the_proxy_too(server: Server, client: httpx2.Client) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(httpx2.TransportError):
        client.post("/_bulk", content=BULK)
