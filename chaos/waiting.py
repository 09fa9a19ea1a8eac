"""Waiting for what other processes do, never without an end."""

import asyncio
import time
from collections.abc import Awaitable, Callable

#: Seconds between two looks.
LOOK_SECONDS = 0.05


class CampaignFailed(Exception):
    """The campaign cannot go on: something of its own does not work."""


async def came_true(look: Callable[[], Awaitable[bool]], seconds: float) -> float | None:
    """The seconds until the condition held; None if it did not in time."""
    began = time.monotonic()
    while not await look():
        if time.monotonic() - began > seconds:
            return None
        await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - began


async def until(look: Callable[[], Awaitable[bool]], what: str, seconds: float) -> None:
    """Return as soon as the condition holds. Raises CampaignFailed if it does not in time."""
    if await came_true(look, seconds) is None:
        raise CampaignFailed(f"Waited {seconds:g} s in vain: {what}.")
