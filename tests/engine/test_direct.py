import asyncio
import contextvars
import threading

import pytest

from headrace.engine import Pipeline
from headrace.errors import OutputNotJson, RetryAfter
from tests.engine.support import TicketOpened

colour = contextvars.ContextVar("colour", default="none")


async def test_run_works_inside_a_running_loop(tickets: Pipeline) -> None:
    @tickets.node
    async def look(event: TicketOpened) -> list[object]:
        await asyncio.sleep(0)
        return [id(asyncio.get_running_loop()), threading.get_ident(), colour.get()]

    colour.set("red")
    loop, thread, seen = tickets.run({}).nodes["look"]
    assert loop != id(asyncio.get_running_loop())
    assert thread != threading.get_ident()
    assert seen == "red"


async def test_run_async_uses_the_running_loop(tickets: Pipeline) -> None:
    @tickets.node
    async def look(event: TicketOpened) -> int:
        return id(asyncio.get_running_loop())

    assert (await tickets.run_async({})).nodes == {"look": id(asyncio.get_running_loop())}


def test_run_leaves_no_thread_and_no_loop_behind(tickets: Pipeline) -> None:
    seen: list[threading.Thread] = []

    @tickets.node
    def look(event: TicketOpened) -> None:
        seen.append(threading.current_thread())

    tickets.run({})
    seen[0].join(timeout=10)
    assert not seen[0].is_alive()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_a_failing_node_raises_its_own_error_with_a_note(tickets: Pipeline) -> None:
    error = OSError("no route")

    @tickets.node
    async def call(event: TicketOpened) -> None:
        raise error

    with pytest.raises(OSError, match="no route") as raised:
        tickets.run({})
    assert raised.value is error
    assert raised.value.__notes__ == ["node 'call'"]


@pytest.mark.parametrize(("backoff", "calls"), [([0.001, 0.001], 3), ([0.001, 60], 2), ([60], 1), ([], 1)])
def test_short_delays_are_waited_and_a_long_one_is_not(backoff: list[float], calls: int, tickets: Pipeline) -> None:
    made: list[int] = []

    @tickets.node(backoff=backoff)
    def call(event: TicketOpened) -> None:
        made.append(1)
        raise OSError("no route")

    with pytest.raises(OSError, match="no route"):
        tickets.run({})
    assert len(made) == calls


def test_a_long_retry_after_is_raised(tickets: Pipeline) -> None:
    @tickets.node
    async def call(event: TicketOpened) -> None:
        raise RetryAfter(60)

    with pytest.raises(RetryAfter):
        tickets.run({})


def test_an_output_without_a_json_form_is_raised(tickets: Pipeline) -> None:
    @tickets.node
    async def odd(event: TicketOpened) -> object:
        return object()

    with pytest.raises(OutputNotJson, match="node 'odd' returned object"):
        tickets.run({})


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_exit_inside_a_node_is_raised_too(kind: type[BaseException], tickets: Pipeline) -> None:
    @tickets.node
    async def leave(event: TicketOpened) -> None:
        raise kind

    with pytest.raises(kind):
        tickets.run({})


def test_tasks_that_a_node_leaves_behind_are_cancelled(tickets: Pipeline) -> None:
    ended: list[str] = []
    kept: list[asyncio.Task[None]] = []

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    @tickets.node
    async def start(event: TicketOpened) -> None:
        kept.append(asyncio.create_task(linger()))
        await asyncio.sleep(0)

    tickets.run({})
    assert ended == ["ended"]


def test_an_async_node_s_error_is_told_without_anything_of_ours_before_it(tickets: Pipeline) -> None:
    @tickets.node(retries=0)
    async def look(event: TicketOpened) -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no") as raised:
        tickets.run({})
    assert raised.value.__context__ is None
