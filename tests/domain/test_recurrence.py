"""When something recurs: over changes of the clocks, over leap days, and from any moment on."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.recurrence import Cron, Every, Once, Recurrence, moments_before, next_moments

ANCHOR = datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


@pytest.mark.parametrize(
    ("zone", "expression", "moments"),
    [
        ("Europe/Berlin", "30 2 * * *", ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
        ("Europe/Berlin", "30 2 * * *", ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
        ("America/New_York", "30 2 * * *", ["2026-03-07 07:30", "2026-03-08 07:00", "2026-03-09 06:30"]),
        ("America/New_York", "30 1 * * *", ["2026-10-31 05:30", "2026-11-01 05:30", "2026-11-02 06:30"]),
        ("Australia/Sydney", "30 2 * * *", ["2026-10-02 16:30", "2026-10-03 16:00", "2026-10-04 15:30"]),
        ("Australia/Sydney", "30 2 * * *", ["2026-04-03 15:30", "2026-04-04 15:30", "2026-04-05 16:30"]),
    ],
)
def test_an_hour_that_is_left_out_runs_right_after_and_one_that_comes_twice_runs_once(
    zone: str, expression: str, moments: list[str]
) -> None:
    expected = [utc(moment) for moment in moments]
    cron = Cron(expression, zone)
    assert next_moments(cron, expected[0] - timedelta(seconds=1), ANCHOR, 3) == expected
    assert list(islice(moments_before(cron, expected[-1] + timedelta(seconds=1), ANCHOR), 3)) == expected[::-1]


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", "2026-03-29 01:00"),
        ("Europe/Berlin", "2026-10-25 01:00"),
        ("America/New_York", "2026-03-08 07:00"),
        ("America/New_York", "2026-11-01 06:00"),
        ("Australia/Sydney", "2026-10-03 16:00"),
        ("Australia/Sydney", "2026-04-04 16:00"),
    ],
)
def test_what_runs_all_day_runs_by_the_time_that_passes(zone: str, change: str) -> None:
    moments = next_moments(Cron("*/20 * * * *", zone), utc(change) - timedelta(hours=3), ANCHOR, 20)
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(minutes=20)}


def test_leap_days_come_every_fourth_year() -> None:
    assert next_moments(Cron("0 0 29 2 *"), utc("2026-01-01 00:00"), ANCHOR, 2) == [
        utc("2028-02-29 00:00"),
        utc("2032-02-29 00:00"),
    ]


def test_weekdays_are_those_of_the_zone() -> None:
    monday = next_moments(Cron("30 0 * * MON", "Asia/Tokyo"), utc("2026-11-25 00:00"), ANCHOR, 1)
    assert monday == [utc("2026-11-29 15:30")]


def test_an_interval_counts_from_its_anchor() -> None:
    every = Every(timedelta(minutes=15))
    assert next_moments(every, ANCHOR - timedelta(days=1), ANCHOR, 2) == [ANCHOR, ANCHOR + timedelta(minutes=15)]
    assert next_moments(every, ANCHOR, ANCHOR, 1) == [ANCHOR + timedelta(minutes=15)]
    assert next_moments(every, ANCHOR + timedelta(minutes=16), ANCHOR, 1) == [ANCHOR + timedelta(minutes=30)]
    assert list(moments_before(every, ANCHOR + timedelta(minutes=30), ANCHOR)) == [
        ANCHOR + timedelta(minutes=15),
        ANCHOR,
    ]
    assert list(moments_before(every, ANCHOR, ANCHOR)) == []


def test_once_is_once() -> None:
    once = Once(ANCHOR)
    assert next_moments(once, ANCHOR - timedelta(microseconds=1), ANCHOR, 5) == [ANCHOR]
    assert next_moments(once, ANCHOR, ANCHOR, 5) == []
    assert list(moments_before(once, ANCHOR, ANCHOR)) == []
    assert list(moments_before(once, ANCHOR + timedelta(microseconds=1), ANCHOR)) == [ANCHOR]


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu"])
EXPRESSIONS = st.sampled_from(
    ["*/20 * * * *", "30 2 * * *", "0 */2 * * *", "15,45 1-3 * * *", "0 0 1 * *", "30 1 * * SUN", "*/10 30 2 * * *"]
)
RECURRENCES: st.SearchStrategy[Recurrence] = st.one_of(
    st.builds(Cron, EXPRESSIONS, ZONES),
    st.builds(Every, st.timedeltas(timedelta(seconds=1), timedelta(days=3))),
)
MOMENTS = st.datetimes(datetime(2026, 1, 2), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # bounds


@settings(deadline=None)
@given(RECURRENCES, MOMENTS)
def test_from_any_moment_on_the_moments_are_the_same(recurrence: Recurrence, start: datetime) -> None:
    moments = next_moments(recurrence, start, ANCHOR, 6)
    assert start < moments[0]
    for earlier, later in pairwise(moments):
        assert earlier < later
        assert next_moments(recurrence, earlier, ANCHOR, 1) == [later]
        assert next_moments(recurrence, later - timedelta(microseconds=1), ANCHOR, 1) == [later]


@settings(deadline=None)
@given(RECURRENCES, MOMENTS)
def test_backwards_they_are_the_same_as_forwards(recurrence: Recurrence, start: datetime) -> None:
    moments = next_moments(recurrence, start, ANCHOR, 6)
    backwards = takewhile(
        lambda moment: moment > start, moments_before(recurrence, moments[-1] + timedelta(microseconds=1), ANCHOR)
    )
    assert list(backwards) == moments[::-1]
