# ruff: noqa: T201 - what nodes print is part of it
"""A user's program that lets its secret out wherever it can, each way in a pipeline of its own."""

import logging
import threading
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import structlog

from headrace import EventSchema, Fallback, Pipeline, Resource, Secret, TaskContext

Token = Annotated[str, Secret("SECRETIVE_TOKEN")]
OtherToken = Annotated[str, Secret("SECRETIVE_OTHER_TOKEN")]


class Heard(EventSchema, type="heard", match="token", pipeline=None):
    token: str


class HeardLater(EventSchema, type="heard.later", match="token", pipeline=None):
    token: str


def pipeline(place: str) -> Pipeline:
    class Leak(EventSchema, type=f"leak.{place}"):
        pass

    return Pipeline(place, Leak)


def leaky(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function the only node of a pipeline that is called as it is."""
    return lambda function: pipeline(function.__name__).node(**options)(function)


@leaky(retries=0)
async def raised(token: Token) -> None:
    raise ValueError(f"cannot log in with {token}")


@leaky(backoff=[3600])
def raised_for_now(token: Token, other: OtherToken) -> None:
    raise ConnectionError(f"cannot log in with {token!r} and {other}")


@leaky(retries=0)
def raised_from_another(token: Token) -> None:
    try:
        raise KeyError(token)
    except KeyError as error:
        raise type(f"Error of {token}", (Exception,), {})(token) from error


@leaky()
async def returned(token: Token) -> dict[str, Any]:
    return {token: [token, f"Bearer {token}", token.encode(), {"deep": (token, {"json": f'{{"token": "{token}"}}'})}]}


@leaky()
async def noted(token: Token, context: TaskContext) -> None:
    context.note(f"logged in with {token}", token=token, headers={token: token})


@leaky()
def logged(token: Token, other: OtherToken) -> None:
    structlog.get_logger("mine").warning("logging in", token=token, other=[other])
    log = logging.getLogger("mine")
    log.info("logging in with %s", token)
    try:
        raise ValueError(token)
    except ValueError:
        log.exception("could not log in with %r", {"token": token})


@leaky()
def printed(token: Token) -> None:
    print("logging in with", token)
    print(token[:10], end="")
    print(token[10:])
    print({"token": token})


@leaky()
async def warned_of(token: Token) -> None:
    print("***")
    warnings.warn(token, stacklevel=1)


@leaky()
def in_a_thread(token: Token) -> None:
    """The thread is the node's own, and what is raised there is nobody's."""
    print("***")
    thread = threading.Thread(target=int, args=[token])
    thread.start()
    thread.join()


@leaky()
async def emitted(token: Token, context: TaskContext) -> None:
    context.emit(Heard(type="heard", token=token))
    context.emit({"type": "leaked", token: token})


@leaky()
async def in_metadata(token: Token, context: TaskContext) -> None:
    context.metadata["login"] = {"token": token, token: 1}


items = pipeline("item")


@items.node(checkpoint=True)
async def list_tokens(token: Token) -> list[str]:
    return [token, f"{token}, again"]


@items.map(over=list_tokens, checkpoint=True)
async def each(item: str, token: Token) -> str:
    return token + item


@items.map(over=list_tokens, on_error="skip", retries=0)
def each_fails(item: str, token: Token) -> str:
    raise ValueError(token + item)


def connect(token: Token) -> str:
    raise ConnectionError(f"refused: {token}")


def greet(token: Token) -> str:
    return f"hello {token}"


@leaky(retries=0)
async def in_a_resource_that_fails(connection: Annotated[str, Resource(connect)]) -> None: ...


@leaky()
async def in_a_resource(greeting: Annotated[str, Resource(greet)]) -> str:
    return greeting


def instead(token: Token, error: Any) -> list[str]:
    return [token, str(error)]


@leaky(retries=0, on_error=instead)
async def fallen_back(token: Token) -> list[str]:
    raise ValueError(token)


@leaky(retries=0, on_error=Fallback(0))
async def fallen_back_to_a_value(token: Token) -> int:
    raise ValueError(token)


def fails_too(token: Token, error: Any) -> None:
    raise ValueError(f"{token} after {error}")


@leaky(retries=0, on_error=fails_too)
async def fallen_back_in_vain(token: Token) -> None:
    raise ValueError(token)


@leaky(retries=0, on_error="skip")
async def skipped(token: Token) -> None:
    raise ValueError(token)


@leaky(process=True)
def in_a_process(token: Token) -> list[str]:
    print("in a process", token)
    logging.getLogger("mine").warning("in a process: %s", token)
    return [token]


@leaky(process=True, retries=0)
def raised_in_a_process(token: Token) -> None:
    raise ValueError(token)


ending = pipeline("finally")


@ending.node(retries=0)
async def fail(token: Token) -> None:
    raise ValueError(token)


@ending.finally_
async def tell(token: Token, error: Any, context: TaskContext) -> str:
    context.note(str(error), token=token)
    return token + str(error)


routed = pipeline("router")


@routed.router(retries=0)
async def route(token: Token) -> str:
    return token


@routed.node(after=route)
async def branch() -> None: ...


kept = pipeline("kept")


@kept.node(checkpoint=True)
async def keep(token: Token, context: TaskContext) -> str:
    context.emit({"type": "heard", "token": token})
    return token


kept.sleep(hours=1)

awaiting = pipeline("awaited")


@awaiting.node
async def ask(token: Token) -> str:
    return token


awaiting.wait_for("heard.later", key="ask")
