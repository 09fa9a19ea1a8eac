"""The one place that asks the machine for the time."""

from collections.abc import Callable
from datetime import UTC, datetime

#: Returns the present moment, aware, in UTC.
Clock = Callable[[], datetime]

#: A clock that is off the database's by more is told of, and events' ids take the database's time.
TOLERATED_CLOCK_SECONDS = 5.0


def utc_now() -> datetime:
    """The present moment by this machine's clock, in UTC."""
    return datetime.now(UTC)
