"""Fields that several forms have: of requests, and of what is stored."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError

from headrace.domain.moments import parse_moment


def _as_moment(value: Any) -> datetime:
    """A text as a moment. Left to itself, pydantic takes numbers and digits for seconds since 1970."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        return parse_moment(value) if isinstance(value, str) else _no_moment()
    except ValueError:
        return _no_moment()


def _no_moment() -> datetime:
    raise PydanticKnownError("datetime_parsing", {"error": "give it with its zone, as 2026-01-31T18:00:00Z"})


#: A time with a zone.
Moment = Annotated[datetime, BeforeValidator(_as_moment)]
