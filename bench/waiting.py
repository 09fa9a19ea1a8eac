"""Waiting for what other processes do, never without an end."""

from collections.abc import Awaitable, Callable

from chaos.waiting import came_true


async def until(look: Callable[[], Awaitable[bool]], what: str, seconds: float) -> None:
    """Return as soon as the condition holds. Raises TimeoutError if it does not in time."""
    if await came_true(look, seconds) is None:
        raise TimeoutError(f"Waited {seconds:g} s in vain: {what}.")
