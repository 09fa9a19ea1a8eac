"""An HTTP proxy in front of a server, which passes on whole requests and whole answers, and may spoil them."""

import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from chaos.spoiling import Answer, Fate, Spoiling, answer_with, items_of

#: What is said of one connection alone.
_OWN = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}

#: As these, Elasticsearch answers.
_OK = range(200, 300)


class HttpProxy:
    """Passes requests to the server of a URL on, spoilt if there is `spoiling`. A context manager, for any thread."""

    def __init__(self, url: str) -> None:
        self._server = _Server(urlsplit(url).netloc)
        #: The server's URL, by way of the proxy.
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spoil(self, spoiling: Spoiling) -> None:
        """From now on, have this decide what becomes of each request."""
        self._server.spoiling = spoiling

    def be_honest(self) -> None:
        """Spoil nothing any more."""
        self._server.spoiling = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.spoiling: Spoiling | None = None


class _Handler(BaseHTTPRequestHandler):
    """A connection of a client, with one to the server."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._onward = HTTPConnection(self.server.target)

    def finish(self) -> None:
        self._onward.close()
        super().finish()

    def handle(self) -> None:
        # Either side may be gone at any time; then the connection is, too.
        with suppress(OSError, HTTPException):
            super().handle()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name there
        """Say nothing."""

    def answer(self) -> None:
        """Pass the request on that was read, and its answer back, if nobody spoils it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        spoiling = self.server.spoiling
        match None if spoiling is None else (spoiling, spoiling.fate_of(self.path)):
            case None | (_, Fate.TAKE):
                self._pass_back(*self._ask(body))
            case (of, Fate.REFUSE):
                self._tell(of.refusal())
            case (_, Fate.LOSE_REPLY):
                self._ask(body)
                self.close_connection = True
            case (of, Fate.REFUSE_ITEMS):
                self._refuse_items(body, of)

    def _refuse_items(self, body: bytes, spoiling: Spoiling) -> None:
        items = items_of(body)
        refused = spoiling.choose_items(len(items))
        rest = b"".join(item for place, item in enumerate(items) if place not in refused)
        if not rest:
            self._tell(Answer(200, "application/json", answer_with(items, refused, None)))
            return
        response, answered = self._ask(rest)
        spoilt = answer_with(items, refused, answered) if response.status in _OK else answered
        self._pass_back(response, spoilt)

    def _ask(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        """The server's answer, whole."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
        self._onward.request(self.command, self.path, body or None, headers)
        response = self._onward.getresponse()
        return response, response.read()

    def _pass_back(self, response: HTTPResponse, body: bytes) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(body)

    def _tell(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer.body)


# By these names the standard library asks for them.
for _command in ("GET", "HEAD", "POST", "PUT", "DELETE"):
    setattr(_Handler, f"do_{_command}", _Handler.answer)
