"""When something recurs: by a cron expression in a time zone, after an interval, or once.

Cron is Debian's, by cronsim: five fields, or six with the seconds first. Where the clocks go forward, what names an
hour that is left out runs right after it; where they go back, it runs once. What has a star for its minutes or its
hours runs by the time that passes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import assert_never
from zoneinfo import ZoneInfo

from cronsim import CronSim

from headrace.domain.values import value


@value()
class Cron:
    """At the moments of an expression in a time zone, both of which are known to be good."""

    expression: str
    timezone: str = "UTC"


@value()
class Every:
    """Again and again after so long: from the last due time on or, `from_finish`, from when its event was finished."""

    interval: timedelta
    from_finish: bool = False


@value()
class Once:
    """At one moment."""

    at: datetime


Recurrence = Cron | Every | Once


def moments_after(recurrence: Recurrence, after: datetime, anchor: datetime) -> Iterator[datetime]:
    """All moments behind one, in order, in UTC. An interval counts from the `anchor`, which is a moment of it."""
    match recurrence:
        case Cron():
            yield from (moment for moment in _cron(recurrence, after, reverse=False) if moment > after)
        case Every(interval=interval):
            moment = anchor + max(0, (after - anchor) // interval + 1) * interval
            while True:
                yield moment
                moment += interval
        case Once(at=at):
            if at > after:
                yield at
        case _:
            assert_never(recurrence)


def moments_before(recurrence: Recurrence, before: datetime, anchor: datetime) -> Iterator[datetime]:
    """All moments ahead of one, the last first, in UTC."""
    match recurrence:
        case Cron():
            yield from (moment for moment in _cron(recurrence, before, reverse=True) if moment < before)
        case Every(interval=interval):
            number = -((anchor - before) // interval) - 1
            while number >= 0:
                yield anchor + number * interval
                number -= 1
        case Once(at=at):
            if at < before:
                yield at
        case _:
            assert_never(recurrence)


def next_moments(recurrence: Recurrence, after: datetime, anchor: datetime, count: int) -> list[datetime]:
    """The next moments behind one, so many of them at most."""
    return list(islice(moments_after(recurrence, after, anchor), count))


def _cron(cron: Cron, start: datetime, *, reverse: bool) -> Iterator[datetime]:
    """The moments of an expression; it ends after fifty years without one.

    Near the change of a clock they may begin on the other side of the start, which the caller looks to.
    """
    for moment in CronSim(cron.expression, start.astimezone(ZoneInfo(cron.timezone)), reverse=reverse):
        yield moment.astimezone(UTC)
