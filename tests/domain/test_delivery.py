"""When an event is to be delivered, as callers say it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.delivery import MOST_DAYS, parse_deliver_at
from headrace.errors import InvalidDeliverAt

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("90", 90),
        ("0.25", 0.25),
        (90, 90),
        (1.5, 1.5),
        ("2026-01-31T12:01:00Z", 60),
        ("2026-01-31T14:01:00+02:00", 60),
        ("2026-01-31t12:01:00.5z", 60.5),
    ],
)
def test_a_time_with_a_zone_and_seconds_from_now_are_understood(given: object, seconds: float) -> None:
    assert parse_deliver_at(given, NOW, "where") == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("given", ["0", 0, "2026-01-31T11:59:59Z", "1970-01-01T00:00:00Z"])
def test_a_time_that_has_passed_means_at_once(given: object) -> None:
    assert parse_deliver_at(given, NOW, "where") is None


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "soon",
        "-1",
        -1,
        "nan",
        float("inf"),
        "1e400",
        10**400,
        True,
        [],
        {},
        "2026-01-31",
        "2026-01-31T12:01:00",
    ],
)
def test_anything_else_is_refused_and_says_where_it_stood(given: object) -> None:
    with pytest.raises(InvalidDeliverAt) as refused:
        parse_deliver_at(given, NOW, "/options/deliver_at")
    [problem] = refused.value.problems
    assert (problem.pointer, problem.code) == ("/options/deliver_at", "invalid-deliver-at")
    assert "a time with a zone" in problem.detail


@pytest.mark.parametrize("given", [MOST_DAYS * 86_400 + 1, "2100-01-01T00:00:00Z"])
def test_a_time_too_far_ahead_is_refused(given: object) -> None:
    with pytest.raises(InvalidDeliverAt, match=f"more than {MOST_DAYS} days"):
        parse_deliver_at(given, NOW, "where")


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none()))
def test_whatever_is_given_it_is_a_time_to_come_or_refused(given: object) -> None:
    try:
        moment = parse_deliver_at(given, NOW, "where")
    except InvalidDeliverAt:
        return
    assert moment is None or NOW < moment <= NOW + timedelta(days=MOST_DAYS)
