"""Going on with a coroutine whose first step was taken by hand: most end with it, and need no timer."""

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any


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
