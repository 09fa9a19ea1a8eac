"""Where a moment stands on a line of so many columns, and the bars that are drawn there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Idle time is drawn as at most this part of the busy time, so that a wait of a day leaves something to be seen.
IDLE_SHARE = 0.15

#: Blocks of one eighth to seven eighths of a column.
_PARTS = " ▏▎▍▌▋▊▉"

#: From a moment to a later one.
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Axis:
    """`stretches` are busy spans, each with the seconds that are drawn before it; `seconds` are drawn in all."""

    stretches: tuple[tuple[datetime, datetime, float], ...]
    seconds: float
    columns: int
    is_shortened: bool = False

    def bar(self, begin: datetime, end: datetime, full: str = "█") -> str:
        """A span as blocks: at least the thinnest one. One that is not full is drawn in whole columns of `full`."""
        left, right = self._column(begin), self._column(end)
        first = min(int(left), self.columns - 1)
        eighths = min(max(round((right - left) * 8), 1), (self.columns - first) * 8)
        whole, part = divmod(eighths, 8)
        if full != "█":
            whole, part = whole + (part > 0), 0
        return (" " * first + full * whole + (_PARTS[part] if part else "")).ljust(self.columns)

    def _column(self, at: datetime) -> float:
        drawn = 0.0
        for begin, end, before in self.stretches:
            if at >= begin:
                drawn = before + (min(at, end) - begin).total_seconds()
        return drawn / self.seconds * self.columns if self.seconds else 0.0


def axis_of(spans: Sequence[Span], columns: int) -> Axis:
    """The axis on which these spans fit."""
    busy = _busy(spans)
    longest_idle = IDLE_SHARE * sum(((end - begin) for begin, end in busy), timedelta()).total_seconds()
    stretches: list[tuple[datetime, datetime, float]] = []
    drawn, is_shortened = 0.0, False
    for at, (begin, end) in enumerate(busy):
        if at:
            idle = (begin - busy[at - 1][1]).total_seconds()
            is_shortened = is_shortened or idle > longest_idle
            drawn += min(idle, longest_idle)
        stretches.append((begin, end, drawn))
        drawn += (end - begin).total_seconds()
    return Axis(tuple(stretches), drawn, columns, is_shortened)


def _busy(spans: Sequence[Span]) -> list[Span]:
    """The spans, in order, with those that meet made one."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined
