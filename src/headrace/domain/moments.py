"""Moments as people and programs write them."""

from datetime import UTC, datetime

#: Moments that are understood: nothing can have been accepted before the first, or from the second on.
EARLIEST, BEYOND = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def parse_moment(text: str) -> datetime:
    """The moment of a text with its zone, as ISO 8601 has it. Raises ValueError, also for digits alone."""
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None or not EARLIEST <= moment < BEYOND:
        raise ValueError("no moment with a zone between 1970 and 2200")
    return moment
