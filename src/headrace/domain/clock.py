"""The one place that asks the machine for the time."""

from collections.abc import Callable
from datetime import UTC, datetime

#: Returns the present moment, aware, in UTC.
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment by this machine's clock, in UTC."""
    return datetime.now(UTC)
