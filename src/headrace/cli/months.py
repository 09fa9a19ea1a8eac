"""Months of the search copy, as people type and read them: `2026-11`."""

import re
from datetime import date

import typer

_MONTH = re.compile(r"(\d{4}-\d{2})(-\d{2})?")

#: UUIDs tell times of no earlier year.
_FIRST_YEAR = 1970


def parse_month(text: str | None) -> str | None:
    """The copy's name of a month, or of the month that a day lies in. Raises BadParameter."""
    if text is None:
        return None
    found = _MONTH.fullmatch(text)
    try:
        if found and date.fromisoformat(found[1] + (found[2] or "-01")).year >= _FIRST_YEAR:
            return found[1].replace("-", ".")
    except ValueError:
        pass
    raise typer.BadParameter(f"{text!r} is neither a month, as 2026-11, nor a day, as 2026-11-30")


def told(month: str) -> str:
    """A month of the copy, for people."""
    return month.replace(".", "-")
