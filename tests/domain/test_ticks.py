"""Which ticks are fired, by the policies of a schedule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.recurrence import Cron, Every, Once, next_moments
from headrace.domain.ticks import (
    AGAIN,
    GRACE,
    CatchUp,
    Firing,
    Overlap,
    Policies,
    Previous,
    delivered_at,
    fire,
    first_tick,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
HOURLY = Every(timedelta(hours=1))
ALL = Policies(catch_up=CatchUp.ALL)
RUNNING = Previous(UUID(int=7), None)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def look(policies: Policies, hours: float, tick: float = 1.0, previous: Previous | None = None) -> Firing:
    """What a relay does that looks at an hourly schedule after so many hours."""
    return fire(HOURLY, policies, START, at(tick), previous, at(hours))


def test_a_tick_that_is_due_is_fired_and_the_next_one_follows() -> None:
    assert look(Policies(), 1.001) == Firing((at(1),), cancels=False, tick=at(2), due=at(2))


@pytest.mark.parametrize(
    ("policies", "hours"),
    [
        (Policies(catch_up=CatchUp.SKIP), []),
        (Policies(catch_up=CatchUp.ONE), [72]),
        (ALL, list(range(1, 73))),
        (replace(ALL, most_caught_up=3), [70, 71, 72]),
    ],
)
def test_after_an_outage_of_three_days_missed_ticks_follow_the_policy(policies: Policies, hours: list[int]) -> None:
    firing = look(policies, 72.5)

    assert firing.fired == tuple(at(hour) for hour in hours)
    assert (firing.tick, firing.due) == (at(73), at(73))


@pytest.mark.parametrize(
    ("catch_up", "hours"), [(CatchUp.SKIP, [72]), (CatchUp.ONE, [72]), (CatchUp.ALL, list(range(1, 73)))]
)
def test_a_tick_of_the_last_minute_was_not_missed(catch_up: CatchUp, hours: list[int]) -> None:
    fired = look(Policies(catch_up=catch_up), 72 + 30 / 3600).fired

    assert fired == tuple(at(hour) for hour in hours)


def test_ticks_within_a_minute_are_all_fired_whatever_the_policy() -> None:
    every_second = Every(timedelta(seconds=1))
    firing = fire(every_second, Policies(catch_up=CatchUp.SKIP), START, START, None, START + timedelta(seconds=5.5))

    assert firing.fired == tuple(START + timedelta(seconds=second) for second in range(6))


def test_over_a_change_of_the_clocks_an_outage_is_caught_up_with() -> None:
    berlin = Cron("30 2 * * *", "Europe/Berlin")
    first = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    firing = fire(berlin, ALL, START, first, None, datetime(2026, 3, 30, 12, tzinfo=UTC))

    assert [tick.isoformat()[:16] for tick in firing.fired] == [
        "2026-03-28T01:30",
        "2026-03-29T01:00",
        "2026-03-30T00:30",
    ]


def test_while_the_last_event_is_unfinished_a_tick_is_fired_beside_it_skipped_or_in_its_place() -> None:
    fired = {overlap: look(Policies(overlap=overlap), 1.001, previous=RUNNING) for overlap in Overlap}

    assert fired[Overlap.ALLOW] == Firing((at(1),), cancels=False, tick=at(2), due=at(2))
    assert fired[Overlap.SKIP] == Firing((), cancels=False, tick=at(2), due=at(2))
    assert fired[Overlap.CANCEL_PREVIOUS] == Firing((at(1),), cancels=True, tick=at(2), due=at(2))
    assert fired[Overlap.QUEUE] == Firing((), cancels=False, tick=at(1), due=at(1.001) + AGAIN)


def test_queued_ticks_are_fired_one_after_the_other() -> None:
    policies = replace(ALL, overlap=Overlap.QUEUE)
    now = 3.001
    first = look(policies, now)
    assert first == Firing((at(1),), cancels=False, tick=at(2), due=at(now) + AGAIN)
    assert look(policies, now, tick=2, previous=RUNNING).fired == ()
    finished = Previous(RUNNING.event_id, at(now))
    second = look(policies, now, tick=2, previous=finished)
    assert (second.fired, second.tick) == ((at(2),), at(3))
    assert look(policies, now, tick=3, previous=finished) == Firing((at(3),), cancels=False, tick=at(4), due=at(4))


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.CANCEL_PREVIOUS])
def test_of_ticks_that_would_overlap_each_other_the_last_is_fired(overlap: Overlap) -> None:
    assert look(replace(ALL, overlap=overlap), 5.5).fired == (at(5),)


def test_an_interval_from_the_finish_waits_for_it() -> None:
    every = Every(timedelta(minutes=10), from_finish=True)
    policies = Policies()
    fired = fire(every, policies, START, at(1), None, at(1))
    assert fired == Firing((at(1),), cancels=False, tick=None, due=at(1) + AGAIN)
    assert fire(every, policies, START, None, RUNNING, at(2)) == Firing((), False, None, at(2) + AGAIN)
    then = at(3) + timedelta(minutes=10)
    finished = Previous(RUNNING.event_id, at(3))
    assert fire(every, policies, START, None, finished, at(3.01)) == Firing((), False, then, then)
    assert fire(every, policies, START, then, finished, then).fired == (then,)


def test_a_schedule_begins_and_ends_when_it_says() -> None:
    policies = replace(ALL, starts_at=at(3), ends_at=at(5))
    assert first_tick(HOURLY, policies, at(3), START) == at(4)
    assert first_tick(HOURLY, policies, at(1), START) == at(3)
    assert first_tick(Once(at(1)), policies, START, START) is None
    assert first_tick(Once(at(3)), policies, START, START) == at(3)
    firing = look(policies, 72.5, tick=4)
    assert (firing.fired, firing.tick, firing.due) == ((at(4), at(5)), None, None)


def test_jitter_is_the_same_each_time_and_within_bounds() -> None:
    ids = [UUID(int=number) for number in range(50)]
    moments = [delivered_at(schedule_id, START, 60.0) for schedule_id in ids]

    assert moments == [delivered_at(schedule_id, START, 60.0) for schedule_id in ids]
    assert all(START <= moment < START + timedelta(seconds=60) for moment in moments)
    assert max(moments) - min(moments) > timedelta(seconds=30)
    assert delivered_at(ids[0], START, 0.0) == START


LOOKS = st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), min_size=1, max_size=30)
EVERY = st.builds(Every, st.timedeltas(timedelta(minutes=3), timedelta(hours=9)))


def lived(every: Every, policies: Policies, pauses: list[timedelta]) -> tuple[list[datetime], datetime, list[datetime]]:
    """The ticks that were fired by looks after these pauses, the last look, and all looks."""
    tick, now = first_tick(every, policies, START, START), START
    fired: list[datetime] = []
    looks: list[datetime] = []
    for pause in pauses:
        now += pause
        looks.append(now)
        if tick is not None and tick <= now:
            firing = fire(every, policies, START, tick, None, now)
            fired += firing.fired
            tick = firing.tick
    return fired, now, looks


@settings(deadline=None)
@given(EVERY, LOOKS)
def test_whenever_relays_look_every_tick_is_fired_once_where_all_are_wanted(
    every: Every, pauses: list[timedelta]
) -> None:
    fired, now, _ = lived(every, replace(ALL, most_caught_up=10**6), pauses)
    assert fired == [tick for tick in next_moments(every, START, START, len(fired) + 1) if tick <= now]


@settings(deadline=None)
@given(EVERY, LOOKS, st.sampled_from([CatchUp.SKIP, CatchUp.ONE]))
def test_whenever_relays_look_no_tick_is_fired_twice_and_none_in_time_is_left_out(
    every: Every, pauses: list[timedelta], catch_up: CatchUp
) -> None:
    fired, _, looks = lived(every, Policies(catch_up=catch_up), pauses)
    assert fired == sorted(set(fired))
    for tick in next_moments(every, START, START, 60):
        first_look = next((look for look in looks if look >= tick), None)
        if first_look is not None and first_look - tick <= GRACE:
            assert tick in fired
        elif first_look is not None and catch_up is CatchUp.SKIP:
            assert tick not in fired
