import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

import pytest
from structlog.testing import capture_logs

from headrace.engine import Resource, Resources, RunResources, Secret
from headrace.errors import ConfigurationError
from tests.support.waiting import eventually

#: What happened, in its order, and in which threads.
HAPPENED: list[str] = []
THREADS: list[int] = []

STORY = contextvars.ContextVar("STORY", default="none")


@pytest.fixture(autouse=True)
def nothing_happened() -> None:
    HAPPENED.clear()
    THREADS.clear()


def note(what: str) -> None:
    HAPPENED.append(what)
    THREADS.append(threading.get_ident())


def function() -> str:
    note("open")
    return "value"


async def async_function() -> str:
    note("open")
    return "value"


def generator() -> Iterator[str]:
    note("open")
    yield "value"
    note("close")


async def async_generator() -> AsyncIterator[str]:
    note("open")
    yield "value"
    note("close")


class Entered:
    def __enter__(self) -> str:
        note("open")
        return "value"

    def __exit__(self, *error: object) -> None:
        assert error == (None, None, None)
        note("close")


class AsyncEntered:
    def __init__(self) -> None:
        asyncio.get_running_loop()

    async def __aenter__(self) -> str:
        self.task = asyncio.current_task()
        note("open")
        return "value"

    async def __aexit__(self, *error: object) -> None:
        assert error == (None, None, None)
        assert asyncio.current_task() is self.task
        note("close")


class BothEntered(AsyncEntered):
    def __enter__(self) -> Self:
        raise TypeError("use async with")

    def __exit__(self, *error: object) -> None: ...


async def coroutine_of_a_manager() -> Entered:
    return Entered()


class Plain:
    pass


IN_THREADS = [(function, 1), (generator, 2), (contextmanager(generator), 2), (Entered, 2), (coroutine_of_a_manager, 2)]
ON_THE_LOOP = [
    (async_function, 1),
    (async_generator, 2),
    (asynccontextmanager(async_generator), 2),
    (AsyncEntered, 2),
    (BothEntered, 2),
]


@pytest.mark.parametrize(("factory", "events"), IN_THREADS + ON_THE_LOOP)
@pytest.mark.parametrize("scope", ["process", "run"])
async def test_each_kind_of_factory_is_opened_once_and_closed_where_it_may_block(
    factory: Callable[..., Any], events: int, scope: Literal["process", "run"]
) -> None:
    resources = Resources()
    run = await resources.open_run()
    assert HAPPENED == []
    assert [await run.get(Resource(factory, scope)) for _ in range(2)] == ["value", "value"]
    assert HAPPENED == ["open"]
    await run.close()
    assert len(HAPPENED) == (events if scope == "run" else 1)
    await resources.close()
    assert ["open", "close"][:events] == HAPPENED
    on_loop = {thread == threading.get_ident() for thread in THREADS}
    assert on_loop == {any(factory is known for known, _ in ON_THE_LOOP)}


async def test_a_class_gives_an_instance_one_for_each_run_or_one_for_all() -> None:
    resources = Resources()
    first, second = await resources.open_run(), await resources.open_run()
    assert isinstance(await first.get(Resource(Plain)), Plain)
    assert await first.get(Resource(Plain)) is await second.get(Resource(Plain))
    of_a_run = Resource(Plain, scope="run")
    assert await first.get(of_a_run) is await first.get(of_a_run) is not await second.get(of_a_run)


@dataclass
class Gate:
    """A factory that opens when it is told to."""

    may_open: threading.Event = field(default_factory=threading.Event)
    calls: int = 0

    def open(self) -> Iterator[str]:
        self.calls += 1
        assert self.may_open.wait(20)
        note("open")
        yield STORY.get()
        note("close")


async def test_many_runs_that_ask_at_once_get_one_and_a_cancelled_one_takes_it_from_nobody() -> None:
    resources, gate = Resources(), Gate()
    STORY.set("of the first asker")
    wanted = Resource(gate.open)
    runs = [await resources.open_run() for _ in range(20)]
    asking = [asyncio.create_task(run.get(wanted)) for run in runs]
    await eventually(lambda: gate.calls == 1, "the factory is called")
    asking[0].cancel()
    gate.may_open.set()
    values = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(values[0], asyncio.CancelledError)
    assert values[1:] == ["none"] * 19
    assert gate.calls == 1
    await resources.close()


def outer(inner: Annotated[str, Resource(generator, scope="run")]) -> Iterator[str]:
    note("open outer")
    yield f"outer of {inner}"
    note("close outer")


def keyed(key: Annotated[str, Secret("KEY")], *, region: str = "here") -> str:
    return f"{key} {region}"


async def test_what_a_factory_needs_is_opened_before_it_and_closed_after_it() -> None:
    run = await Resources().open_run()
    assert await run.get(Resource(outer, scope="run")) == "outer of value"
    await run.close()
    assert HAPPENED == ["open", "open outer", "close outer", "close"]


async def test_secrets_are_given_to_nodes_and_to_factories() -> None:
    secrets: Mapping[str, str] = {"KEY": "of the house"}
    run = await Resources(secrets=secrets.get).open_run()
    assert await run.get(Secret("KEY")) == "of the house"
    assert await run.get(Resource(keyed)) == "of the house here"
    with pytest.raises(ConfigurationError, match="the secret OTHER is missing: set OTHER or OTHER_FILE"):
        await run.get(Secret("OTHER"))


async def test_a_replaced_factory_is_not_called_also_where_another_needs_it() -> None:
    resources = Resources(replaced={generator: "another"})
    run = await resources.open_run()
    assert await run.get(Resource(generator)) == "another"
    assert await run.get(Resource(outer, scope="run")) == "outer of another"
    await run.close()
    await resources.close()
    assert HAPPENED == ["open outer", "close outer"]


class Unlucky:
    """Factories that fail the first time, each in its way."""

    def __init__(self, error: BaseException) -> None:
        self.errors = [error]

    def fail(self) -> None:
        if self.errors:
            raise self.errors.pop()

    def function(self) -> str:
        self.fail()
        return "value"

    async def async_function(self) -> str:
        self.fail()
        return "value"

    def generator(self) -> Iterator[str]:
        self.fail()
        yield "value"

    async def async_generator(self) -> AsyncIterator[str]:
        self.fail()
        yield "value"


@pytest.mark.parametrize("kind", ["function", "async_function", "generator", "async_generator"])
@pytest.mark.parametrize("scope", ["process", "run"])
async def test_an_error_of_a_factory_is_raised_as_it_is_and_the_next_call_tries_again(
    kind: str, scope: Literal["process", "run"]
) -> None:
    error = ConnectionError("away")
    resources = Resources()
    run = await resources.open_run()
    wanted = Resource(getattr(Unlucky(error), kind), scope)
    with pytest.raises(ConnectionError) as raised:
        await run.get(wanted)
    assert raised.value is error
    assert await run.get(wanted) == "value"
    await run.close()
    await resources.close()


async def test_a_factory_that_ends_an_iteration_keeps_nobody_waiting() -> None:
    run = await Resources().open_run()
    with pytest.raises(RuntimeError, match="StopIteration"):
        await run.get(Resource(Unlucky(StopIteration()).function))


def fails_to_close() -> Iterator[str]:
    yield "value"
    raise OSError("the password was hidden")


async def test_an_error_on_close_is_logged_by_its_type_and_stops_no_other() -> None:
    run = await Resources().open_run()
    await run.get(Resource(generator, scope="run"))
    await run.get(Resource(fails_to_close, scope="run"))
    with capture_logs() as logs:
        await run.close()
    assert HAPPENED == ["open", "close"]
    told = [(log["event"], log["resource"], log["error"]) for log in logs]
    assert told == [("a resource was not closed well", "fails_to_close", "OSError")]


async def test_what_a_run_opens_while_it_is_closed_is_closed_as_soon_as_it_is_open() -> None:
    run, gate = await Resources().open_run(), Gate()
    asking = asyncio.create_task(run.get(Resource(gate.open, scope="run")))
    await eventually(lambda: gate.calls == 1, "the factory is called")
    closing = asyncio.create_task(run.close())
    gate.may_open.set()
    await closing
    await asyncio.wait([asking])
    assert HAPPENED == ["open", "close"]


async def test_an_async_factory_that_never_ends_is_cancelled_with_its_run() -> None:
    async def endless() -> None:
        note("begun")
        try:
            await asyncio.Event().wait()
        finally:
            note("cancelled")

    run = await Resources().open_run()
    asking = asyncio.create_task(run.get(Resource(endless, scope="run")))
    await eventually(lambda: HAPPENED == ["begun"], "the factory is called")
    await run.close()
    assert HAPPENED == ["begun", "cancelled"]
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_closed_run_opens_nothing() -> None:
    run: RunResources = await Resources().open_run()
    await run.close()
    with pytest.raises(RuntimeError, match="these resources were closed"):
        await run.get(Resource(function, scope="run"))
    assert HAPPENED == []
