"""Errors of any origin become problems; statuses are decided in one table."""

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel

from headrace import errors
from headrace.api.errors import ANSWERS, add_error_handlers, problem_of
from headrace.api.request_ids import RequestIds
from tests.api.problems import problem_in

users = APIRouter()


class Order(BaseModel):
    amount: int


@users.post("/orders")
async def create_order(order: Order) -> int:
    return order.amount


@users.get("/orders/{number}")
async def get_order(number: int) -> None:
    raise HTTPException(418, f"order {number} is a teapot", {"X-Pot": "tea"})


@users.get("/held")
async def get_held() -> None:
    raise errors.EventHeldElsewhere("a worker holds it")


@users.get("/away")
async def get_away() -> None:
    raise errors.Unavailable("the database cannot be written", retry_after_seconds=7)


@users.get("/broken")
async def get_broken() -> None:
    raise RuntimeError("hunter2")


@users.get("/misconfigured")
async def get_misconfigured() -> None:
    raise errors.ConfigurationError(["hunter2"])


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    app.add_middleware(RequestIds)
    add_error_handlers(app)
    app.include_router(users)
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_failure_tells_the_client_nothing(client: AsyncClient) -> None:
    for path in ("/broken", "/misconfigured"):
        response = await client.get(path, headers={"X-Request-ID": "r1"})

        assert problem_in(response, 500, "internal-error")["request_id"] == "r1"
        assert "hunter2" not in response.text
        assert "Error" not in response.text


async def test_a_body_that_fails_validation_is_pointed_at_without_its_value(client: AsyncClient) -> None:
    response = await client.post("/orders", json={"amount": "hunter2"})

    problem = problem_in(response, 422, "invalid-input")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/amount", "int_parsing")]
    assert "hunter2" not in response.text


async def test_a_parameter_that_fails_validation_is_named(client: AsyncClient) -> None:
    problem = problem_in(await client.get("/orders/hunter2"), 422, "invalid-parameter")

    assert [error["pointer"] for error in problem["errors"]] == ["number"]


async def test_what_an_endpoint_refuses_keeps_its_words_and_headers(client: AsyncClient) -> None:
    response = await client.get("/orders/7")

    assert problem_in(response, 418, "http-error")["detail"] == "order 7 is a teapot"
    assert response.headers["x-pot"] == "tea"


async def test_an_error_of_ours_in_an_endpoint_has_its_status(client: AsyncClient) -> None:
    assert problem_in(await client.get("/held"), 409, "event-held-elsewhere")["detail"] == "a worker holds it"


async def test_an_unavailable_service_says_when_to_try_again(client: AsyncClient) -> None:
    response = await client.get("/away")

    problem_in(response, 503, "unavailable")
    assert response.headers["retry-after"] == "7"


async def test_unknown_paths_and_methods_are_problems_too(client: AsyncClient) -> None:
    problem_in(await client.get("/nowhere"), 404, "not-found")
    response = await client.delete("/orders")
    problem_in(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


def subclasses_of(kind: type[errors.HeadraceError]) -> Iterator[type[errors.HeadraceError]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from subclasses_of(subclass)


def test_every_invalid_input_is_the_clients_fault() -> None:
    for kind in subclasses_of(errors.InvalidInput):
        assert 400 <= problem_of(kind("wrong")).status < 500


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in ANSWERS]

    assert len(codes) == len(set(codes))
