"""Times in a query: a year, a month, a day or a moment, what lies before or after it, or from one to another."""

import re
from datetime import UTC, datetime, timedelta

from headrace.domain.moments import BEYOND, EARLIEST, parse_moment
from headrace.domain.query import Between

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dt\d\d:\d\d(:\d\d(?:[.,](\d{1,6}))?)?(z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)

_COMPARED = re.compile(r"([<>]=?)?(.*)", re.DOTALL)


def between(name: str, text: str) -> Between:
    """The times that a text stands for, which may begin with < <= > >= or hold two dots. Raises ValueError.

    Years, months and days are those of UTC and meant as a whole; a moment is as long as the unit that it is given in.
    """
    if ".." in text:
        first, _, last = text.partition("..")
        start, end = _span(first)[0], _span(last)[1]
        if start >= end:
            raise ValueError(f"{first}..{last} ends before it begins")
        return Between(name, start, end)
    compared = _COMPARED.fullmatch(text)
    assert compared is not None
    start, end = _span(compared[2])
    match compared[1]:
        case ">=":
            return Between(name, start, None)
        case ">":
            return Between(name, end, None)
        case "<":
            return Between(name, None, start)
        case "<=":
            return Between(name, None, end)
        case _:
            return Between(name, start, end)


def _span(text: str) -> tuple[datetime, datetime]:
    """Where a time begins, and where the next one of its kind does."""
    if date := _DATE.fullmatch(text):
        return _span_of_date(text, *date.groups())
    moment = _MOMENT.fullmatch(text)
    if moment is None:
        raise ValueError(f"{text[:100]!r} is no time: write 2026-11-29, 2026-11 or 2026-11-29T10:00:00Z")
    second, fraction, zone = moment.groups()
    if zone is None:
        raise ValueError(f"{text} has no zone: write Z behind it for UTC, or an offset as in +02:00")
    try:
        start = parse_moment(text).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{text} is no time between 1970 and 2200") from None
    if fraction:
        return start, start + timedelta(microseconds=10 ** (6 - len(fraction)))
    return start, start + (timedelta(seconds=1) if second else timedelta(minutes=1))


def _span_of_date(text: str, year: str, month: str | None, day: str | None) -> tuple[datetime, datetime]:
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        if not EARLIEST <= start < BEYOND:
            raise ValueError
    except ValueError:
        raise ValueError(f"{text} is no date between 1970 and 2200") from None
    if day:
        return start, start + timedelta(days=1)
    if month:
        following = start + timedelta(days=31)
        return start, following.replace(day=1)
    return start, start.replace(year=start.year + 1)
