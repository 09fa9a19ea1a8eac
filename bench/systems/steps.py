"""The work that is the same everywhere: two steps that do nothing."""

from typing import Any


async def first_step(event: dict[str, Any]) -> int:
    """The number of the event."""
    return int(event["number"])


async def second_step(first: int) -> int:
    """The next number."""
    return first + 1
