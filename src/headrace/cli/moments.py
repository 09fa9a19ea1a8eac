"""Times as people type them."""

import re
from datetime import datetime, timedelta

import typer

from headrace.domain import moments

#: `90s`, `30m`, `2h`, `7d`.
_AGO = re.compile(r"(\d{1,6})([smhd])")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, now: datetime) -> datetime:
    """A time with its zone (RFC 3339), or a duration, which means so long ago. Raises BadParameter."""
    ago = _AGO.fullmatch(text)
    try:
        moment = now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}) if ago else moments.parse_moment(text)
        if moment >= moments.EARLIEST:
            return moment
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(f"{text!r} is neither a time with a zone, as 2026-01-31T18:00:00Z, nor ago, as 2h")
