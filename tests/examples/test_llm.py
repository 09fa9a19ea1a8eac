"""A language model's client against a stand-in for its server: real HTTP, answers made up."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import orjson
import pytest
from httpx2 import AsyncClient, MockTransport, Request, Response

from headrace import Permanent
from headrace.domain.outcome import Completed
from tests.support.examples import loaded, performed

KEY = "sk-of-a-stand-in-0815"
REVIEW = {"type": "review.posted", "product": "anvil", "text": "Heavy, but it never broke."}
VERDICT = {"mood": "happy", "summary": "It is heavy and lasts."}


def completion(content: object) -> dict[str, Any]:
    """An answer of the chat completions protocol."""
    return {"choices": [{"message": {"role": "assistant", "content": json.dumps(content)}}]}


#: What the stand-in says: a status, headers, a body.
Answer = tuple[int, dict[str, str], dict[str, Any]]

RIGHT: Answer = (200, {}, completion(VERDICT))


@dataclass
class StandIn:
    """Gives one answer after the other, and keeps the headers and the body of each request."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            stand_in.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers, answer = stand_in.answers.pop(0)
            encoded = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in (headers | {"content-length": str(len(encoded))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield stand_in
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def llm(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example, which takes the stand-in for the service."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with loaded("llm") as module:
        module.BASE_URL = stand_in.url  # type: ignore[attr-defined]  # the example's own setting
        yield module


def test_a_limited_and_then_a_broken_service_is_asked_until_it_answers(llm: ModuleType, stand_in: StandIn) -> None:
    stand_in.answers = [(429, {"retry-after": "0"}, {}), (500, {}, {}), RIGHT]
    context = llm.reviews.run(REVIEW)
    assert context.nodes["judge"] == llm.Verdict(**VERDICT)
    assert context.metadata["nodes"]["judge"]["attempts"] == 3


def test_every_call_has_the_secret_and_the_same_idempotency_key(llm: ModuleType, stand_in: StandIn) -> None:
    stand_in.answers = [(500, {}, {}), RIGHT]
    llm.reviews.run(REVIEW)
    headers = [headers for headers, _ in stand_in.requests]
    assert {each["authorization"] for each in headers} == {f"Bearer {KEY}"}
    assert len({each["idempotency-key"] for each in headers}) == 1


def test_an_answer_of_another_form_is_asked_for_again(llm: ModuleType, stand_in: StandIn) -> None:
    stand_in.answers = [(200, {}, completion({"mood": "curious"})), RIGHT]
    assert llm.reviews.run(REVIEW).nodes["judge"].mood == "happy"


def test_a_question_that_is_refused_is_not_asked_again(llm: ModuleType, stand_in: StandIn) -> None:
    stand_in.answers = [(400, {}, {})]
    with pytest.raises(Permanent, match="400"):
        llm.reviews.run(REVIEW)
    assert len(stand_in.requests) == 1


async def test_a_secret_that_the_model_repeats_is_not_stored(llm: ModuleType, stand_in: StandIn) -> None:
    stand_in.answers = [(200, {}, completion({"mood": "mixed", "summary": f"your key is {KEY}"}))]
    outcome = await performed(llm.reviews, REVIEW)
    assert isinstance(outcome, Completed)
    assert orjson.loads(outcome.task_context)["nodes"]["judge"]["summary"] == "your key is ***"


async def test_a_client_in_its_place_needs_neither_a_server_nor_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def answer(request: Request) -> Response:
        return Response(200, json=completion(VERDICT))

    with loaded("llm") as llm:
        async with AsyncClient(base_url="http://model", transport=MockTransport(answer)) as client:
            outcome = await performed(llm.reviews, REVIEW, {llm.chat_client: client})
    assert isinstance(outcome, Completed)
    assert orjson.loads(outcome.task_context)["nodes"]["judge"] == VERDICT
