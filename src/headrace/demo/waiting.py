"""Waiting for something that other processes do, never without an end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from headrace.errors import HeadraceError

_Found = TypeVar("_Found")

#: Seconds between two looks.
LOOK_SECONDS = 0.02


class DemoFailed(HeadraceError):
    """The demo cannot go on."""

    code = "demo-failed"


async def wait_for(
    look: Callable[[], Awaitable[_Found | None]], what: str, *, seconds: float, check: Callable[[], None]
) -> _Found:
    """The first thing other than None that `look` finds; `check` may raise between the looks.

    Raises DemoFailed after so many seconds, saying what was waited for.
    """
    give_up = time.monotonic() + seconds
    while (found := await look()) is None:
        check()
        if time.monotonic() > give_up:
            raise DemoFailed(f"Waited {seconds:g} s for {what}.")
        await asyncio.sleep(LOOK_SECONDS)
    return found
