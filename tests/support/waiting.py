"""Waiting for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Callable

#: Seconds between two looks at a condition.
LOOK_SECONDS = 0.02

#: A condition that is not met for so long will never be.
PATIENCE_SECONDS = 20.0


def wait_until(condition: Callable[[], bool], description: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as the condition holds; fail with its description after `timeout_seconds`."""
    give_up = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < give_up, f"still not so after {timeout_seconds:g} s: {description}"
        time.sleep(LOOK_SECONDS)


async def eventually(
    condition: Callable[[], bool], description: str, timeout_seconds: float = PATIENCE_SECONDS
) -> None:
    """As `wait_until`, while the loop goes on."""
    give_up = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < give_up, f"still not so after {timeout_seconds:g} s: {description}"
        await asyncio.sleep(LOOK_SECONDS)
