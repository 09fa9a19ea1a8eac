"""When an event is to be delivered, as callers say it: a moment, or so many seconds from now."""

import math
from datetime import datetime, timedelta

from headrace.domain.moments import parse_moment
from headrace.errors import FieldProblem, InvalidDeliverAt

#: An event is delivered within so many days, or not accepted.
MOST_DAYS = 3660

_NO_FORM = "is neither a number of seconds from now, as 90, nor a time with a zone, as 2030-01-31T18:00:00Z"


def parse_deliver_at(given: object, now: datetime, where: str) -> datetime | None:
    """The moment that a text or a number means; None if it has passed, so that the event is delivered at once.

    Raises InvalidDeliverAt for anything else, and for a moment beyond `MOST_DAYS`; `where` says which field it is.
    """
    try:
        moment = _moment(given, now)
    except (ValueError, OverflowError):
        raise _invalid(where, _NO_FORM) from None
    if moment > now + timedelta(days=MOST_DAYS):
        raise _invalid(where, f"is more than {MOST_DAYS} days from now")
    return moment if moment > now else None


def _moment(given: object, now: datetime) -> datetime:
    if isinstance(given, str):
        try:
            return now + _seconds(float(given))
        except ValueError:
            return parse_moment(given)
    if isinstance(given, int | float) and not isinstance(given, bool):
        return now + _seconds(given)
    raise ValueError("neither a text nor a number")


def _seconds(given: float) -> timedelta:
    if not math.isfinite(given) or given < 0:
        raise ValueError("no number of seconds")
    return timedelta(seconds=given)


def _invalid(where: str, fault: str) -> InvalidDeliverAt:
    return InvalidDeliverAt(f"The time of delivery {fault}.", [FieldProblem(where, InvalidDeliverAt.code, fault)])
