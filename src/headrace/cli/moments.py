"""Times as people type them."""

import re
from datetime import datetime, timedelta
from typing import Annotated

import typer

from headrace.domain import moments

AtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="Not before: a time with a zone, as 2030-01-31T18:00:00Z.")
]
InOption = Annotated[
    str | None, typer.Option("--in", metavar="DURATION", help="Not before so long from now: 90s, 30m, 2h, 7d.")
]

#: `90s`, `30m`, `2h`, `7d`.
_DURATION = re.compile(r"(\d{1,6})([smhd])")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, now: datetime) -> datetime:
    """A time with its zone (RFC 3339), or a duration, which means so long ago. Raises BadParameter."""
    ago = _duration(text)
    try:
        moment = moments.parse_moment(text) if ago is None else now - ago
        if moment >= moments.EARLIEST:
            return moment
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(f"{text!r} is neither a time with a zone, as 2026-01-31T18:00:00Z, nor ago, as 2h")


def parse_delivery(at: str | None, after: str | None, now: datetime) -> datetime | None:
    """The moment of `--at`, a time with its zone, or of `--in`, a duration; or None. Raises BadParameter."""
    if at is not None and after is not None:
        raise typer.BadParameter("--at and --in say the same: give one of them")
    if after is not None:
        return now + _must_be_duration(after)
    if at is None:
        return None
    try:
        return moments.parse_moment(at)
    except ValueError:
        raise typer.BadParameter(f"--at {at!r} is no time with a zone, as 2030-01-31T18:00:00Z") from None


def _must_be_duration(text: str) -> timedelta:
    duration = _duration(text)
    if duration is None:
        raise typer.BadParameter(f"--in {text!r} is no duration, as 90s, 30m, 2h or 7d")
    return duration


def _duration(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
