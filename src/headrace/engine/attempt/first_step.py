"""The first step of a coroutine, taken by hand: most end with it, and need no timer."""

from collections.abc import Awaitable, Coroutine, Generator
from types import CoroutineType, coroutine
from typing import Any


def first_step(awaitable: Awaitable[Any]) -> tuple[bool, Any]:
    """Whether it ended, and with what; else what is left of it, to be awaited. Raises what it raises."""
    if not isinstance(awaitable, CoroutineType):
        return False, awaitable
    try:
        awaited = awaitable.send(None)
    except StopIteration as ended:
        return True, ended.value
    return False, go_on(awaitable, awaited)


@coroutine
def go_on(started: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Any]:
    """The rest of a coroutine, to be awaited; `awaited` is what its first `send(None)` gave."""
    while True:
        try:
            yield awaited
        except GeneratorExit:
            started.close()
            raise
        except BaseException as error:  # noqa: BLE001 - the coroutine's to handle, as where it is awaited
            try:
                awaited = started.throw(error)
            except StopIteration as ended:
                return ended.value
        else:
            return (yield from started.__await__())
