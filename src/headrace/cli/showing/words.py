"""Times, durations, values and lists in words, safe for a terminal."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from rich.text import Text

#: From this many seconds on, a duration is told in minutes, in hours, in days.
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def moment(text: str) -> str:
    """A time of the API, in UTC: `2026-11-25 18:00:00.123Z`."""
    return f"{at_utc(text).replace(tzinfo=None).isoformat(' ', 'milliseconds')}Z"


def clock(at: datetime, day: date) -> str:
    """A time in UTC: `18:00:00.123`, with its date where it is of another day."""
    told = at.time().isoformat("milliseconds")
    return told if at.date() == day else f"{at:%Y-%m-%d} {told}"


def at_utc(text: str) -> datetime:
    """A time of the API."""
    return datetime.fromisoformat(text).astimezone(UTC)


def duration(seconds: float) -> str:
    """`0.4 ms`, `120 ms`, `1.25 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    if round(seconds, 3) < 1:
        milliseconds = seconds * 1000
        return f"{milliseconds:.1f} ms" if 0 < milliseconds < 9.95 else f"{milliseconds:.0f} ms"
    if round(seconds, 2) < _MINUTE:
        return f"{round(seconds, 2):g} s"
    whole = round(seconds)
    if whole < _HOUR:
        return _of(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _of(whole, _HOUR, "h", _MINUTE, "min")
    return _of(whole, _DAY, "d", _HOUR, "h")


def _of(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_name}" + (f" {rest} {small_name}" if rest else "")


def plural(count: int, noun: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def plain(text: str) -> str:
    """On one line, and without what a terminal would obey."""
    joined = " ↵ ".join(text.splitlines())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in joined)


def compact(value: Any) -> str:
    """JSON on one line."""
    return plain(json.dumps(value, ensure_ascii=False))


def table(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> list[Text]:
    """Rows in columns, each as wide as its widest cell; the first column is bold."""
    found = list(rows)
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    return [
        Text.assemble(indent, (cells[0].ljust(widths[0]), "bold"), *_others(cells[1:], widths[1:])) for cells in found
    ]


def _others(cells: Iterable[str], widths: Iterable[int]) -> list[str]:
    line = "".join("  " + cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return [line.rstrip()]
