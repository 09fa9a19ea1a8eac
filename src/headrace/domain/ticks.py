"""What a schedule's moments come to: which are fired now, which were missed, and when to look again. Pure.

A tick is a moment at which a schedule is due. One that could not be fired within a minute was missed: nobody was there,
or Postgres was put back to a time before it.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from uuid import UUID

from headrace.domain.recurrence import Every, Recurrence, moments_after, moments_before
from headrace.domain.values import value

#: A tick that is later than this was missed.
GRACE = timedelta(minutes=1)

#: How soon to look again where the event of the last tick is waited for.
AGAIN = timedelta(seconds=1)

#: Missed ticks that are fired at most where all are wanted, unless a schedule says otherwise; and whatever it says.
MOST_CAUGHT_UP, UTMOST_CAUGHT_UP = 100, 1000


class CatchUp(StrEnum):
    """What becomes of missed ticks: none of them is fired, one for all, or all of them."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of a tick while the event of the last one is unfinished.

    It is fired beside it, not at all, or as soon as that is finished; or that is cancelled.
    """

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    CANCEL_PREVIOUS = "cancel-previous"


@value()
class Policies:
    """How a schedule fires its ticks. None of them is before `starts_at` or after `ends_at`, which are moments in UTC.

    Each event is delivered up to `jitter_seconds` later than its tick, the same whenever that is asked for.
    """

    catch_up: CatchUp = CatchUp.ONE
    most_caught_up: int = MOST_CAUGHT_UP
    overlap: Overlap = Overlap.ALLOW
    jitter_seconds: float = 0.0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@value()
class Previous:
    """The event of the last tick: `finished_at` is None while it is unfinished."""

    event_id: UUID
    finished_at: datetime | None


@value()
class Firing:
    """What is to be done now: `fired` ticks in order, whether the event before is to be `cancelled`, and what is next.

    `tick` is the next one (None: not known before the event is finished, or none ever), `due` when to look again (None:
    never).
    """

    fired: tuple[datetime, ...]
    cancels: bool
    tick: datetime | None
    due: datetime | None


def first_tick(recurrence: Recurrence, policies: Policies, after: datetime, anchor: datetime) -> datetime | None:
    """The first tick behind a moment, None if there is none."""
    if policies.starts_at is not None:
        after = max(after, policies.starts_at - timedelta(microseconds=1))
    return _within(next(moments_after(recurrence, after, anchor), None), policies)


def fire(
    recurrence: Recurrence,
    policies: Policies,
    anchor: datetime,
    tick: datetime | None,
    previous: Previous | None,
    now: datetime,
) -> Firing:
    """What is to be done of a schedule that is due, whose next tick is this one (None: that follows from a finish)."""
    is_running = previous is not None and previous.finished_at is None
    if isinstance(recurrence, Every) and recurrence.from_finish:
        return _from_finish(recurrence, policies, tick, previous, now)
    assert tick is not None
    ticks = _ticks(recurrence, policies, anchor, tick, now)
    following = _within(next(moments_after(recurrence, max(now, tick), anchor), None), policies)
    if policies.overlap is Overlap.QUEUE and (is_running or len(ticks) > 1):
        return _queued(ticks, following, now, is_running=is_running)
    fired = ticks
    if policies.overlap is not Overlap.ALLOW:
        fired = () if is_running and policies.overlap is Overlap.SKIP else ticks[-1:]
    cancels = bool(fired) and is_running and policies.overlap is Overlap.CANCEL_PREVIOUS
    return Firing(fired, cancels, following, following)


def delivered_at(schedule_id: UUID, tick: datetime, jitter_seconds: float) -> datetime:
    """When the event of a tick is delivered."""
    if not jitter_seconds:
        return tick
    digest = hashlib.sha256(f"{schedule_id}/{tick.isoformat()}".encode()).digest()
    return tick + timedelta(seconds=jitter_seconds * int.from_bytes(digest[:4]) / (1 << 32))


def _from_finish(
    recurrence: Every, policies: Policies, tick: datetime | None, previous: Previous | None, now: datetime
) -> Firing:
    """A tick, or where that follows from the finish of the last one's event, when it is. Two never overlap."""
    if previous is not None and previous.finished_at is None:
        return Firing((), cancels=False, tick=tick, due=now + AGAIN)
    if tick is None:
        finished_at = previous.finished_at if previous is not None else None
        tick = _within((finished_at or now) + recurrence.interval, policies)
        return Firing((), cancels=False, tick=tick, due=tick)
    if tick < now - GRACE and policies.catch_up is CatchUp.SKIP:
        tick = _within(now + recurrence.interval, policies)
        return Firing((), cancels=False, tick=tick, due=tick)
    return Firing((tick,), cancels=False, tick=None, due=now + AGAIN)


def _queued(ticks: tuple[datetime, ...], following: datetime | None, now: datetime, *, is_running: bool) -> Firing:
    """One tick after the other, each when the event of the one before is finished."""
    waiting = ticks if is_running else ticks[1:]
    if waiting:
        return Firing(() if is_running else ticks[:1], cancels=False, tick=waiting[0], due=now + AGAIN)
    return Firing((), cancels=False, tick=following, due=following)


def _ticks(
    recurrence: Recurrence, policies: Policies, anchor: datetime, tick: datetime, now: datetime
) -> tuple[datetime, ...]:
    """The ticks from this one on that are fired now, by what becomes of missed ones."""
    last = now if policies.ends_at is None else min(now, policies.ends_at)
    limit = now - GRACE
    start = max(tick, limit) - timedelta(microseconds=1)
    on_time = tuple(takewhile(lambda moment: moment <= last, moments_after(recurrence, start, anchor)))
    if tick >= limit:
        return on_time
    if policies.catch_up is CatchUp.SKIP:
        return on_time[-1:]
    most = 1 if policies.catch_up is CatchUp.ONE else policies.most_caught_up
    behind = min(limit, last + timedelta(microseconds=1))
    missed = list(islice(takewhile(lambda moment: moment >= tick, moments_before(recurrence, behind, anchor)), most))
    if policies.catch_up is CatchUp.ONE:
        return (*missed, *on_time)[-1:]
    return (*reversed(missed), *on_time)


def _within(moment: datetime | None, policies: Policies) -> datetime | None:
    return None if moment is None or (policies.ends_at is not None and moment > policies.ends_at) else moment
