"""Schedules as callers write them: what is understood, and what is said of the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.domain.recurrence import Cron, Every, Once
from headrace.domain.ticks import CatchUp, Overlap, Policies
from headrace.domain.timing import Timing


def faults(**given: Any) -> list[tuple[str, str]]:
    """Where each fault lies, and what it is called."""
    with pytest.raises(ValidationError) as refused:
        Timing.model_validate(given)
    return [(".".join(map(str, fault["loc"])), fault["type"]) for fault in refused.value.errors()]


def test_each_recurrence_is_understood() -> None:
    assert Timing.model_validate({"cron": "0 9 * * mon-fri", "timezone": "Europe/Berlin"}).recurrence == Cron(
        "0 9 * * mon-fri", "Europe/Berlin"
    )
    assert Timing.model_validate({"every": "15m"}).recurrence == Every(timedelta(minutes=15))
    assert Timing.model_validate({"every": 90, "from": "finish"}).recurrence == Every(timedelta(seconds=90), True)
    assert Timing.model_validate({"at": "2031-01-31T18:00:00+01:00"}).recurrence == Once(
        datetime(2031, 1, 31, 17, tzinfo=UTC)
    )


def test_policies_have_defaults_and_come_back_from_what_is_stored() -> None:
    assert Timing.model_validate({"every": "1h"}).policies == Policies()
    given = {
        "every": "1h",
        "catch_up": "all",
        "most_caught_up": 5,
        "overlap": "cancel-previous",
        "jitter": "30s",
        "starts_at": "2030-01-01T00:00:00Z",
        "ends_at": "2031-01-01T00:00:00Z",
    }
    timing = Timing.model_validate(given)
    assert timing.policies == Policies(
        CatchUp.ALL,
        5,
        Overlap.CANCEL_PREVIOUS,
        30.0,
        datetime(2030, 1, 1, tzinfo=UTC),
        datetime(2031, 1, 1, tzinfo=UTC),
    )
    assert Timing.model_validate_json(timing.model_dump_json(by_alias=True, exclude_defaults=True)) == timing


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, ("", "recurrence")),
        ({"cron": "* * * * *", "every": "1h"}, ("", "recurrence")),
        ({"cron": "61 * * * *"}, ("cron", "cron")),
        ({"cron": "every day"}, ("cron", "cron")),
        ({"cron": ""}, ("cron", "cron")),
        ({"cron": "0 0 30 2 *"}, ("cron", "cron")),
        ({"cron": "* * * * *", "timezone": "Mars/Olympus"}, ("timezone", "timezone")),
        ({"cron": "* * * * *", "timezone": "../etc/passwd"}, ("timezone", "timezone")),
        ({"every": "1h", "timezone": "Europe/Berlin"}, ("", "timezone")),
        ({"every": "0.5s"}, ("every", "duration")),
        ({"every": 0.5}, ("every", "interval")),
        ({"every": "500ms"}, ("every", "interval")),
        ({"every": "9999d"}, ("every", "interval")),
        ({"every": "soon"}, ("every", "duration")),
        ({"every": True}, ("every", "duration")),
        ({"cron": "* * * * *", "from": "finish"}, ("", "from")),
        ({"at": "2031-01-31"}, ("at", "datetime_parsing")),
        ({"at": 17}, ("at", "datetime_parsing")),
        ({"every": "1h", "jitter": "2d"}, ("jitter", "jitter")),
        ({"every": "1h", "catch_up": "some"}, ("catch_up", "enum")),
        ({"every": "1h", "overlap": "never"}, ("overlap", "enum")),
        ({"every": "1h", "most_caught_up": 0}, ("most_caught_up", "greater_than_equal")),
        ({"every": "1h", "starts_at": "2031-01-01T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}, ("", "ends")),
        ({"every": "1h", "more": 1}, ("more", "extra_forbidden")),
    ],
)
def test_each_mistake_is_told_where_it_is(given: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(**given) == [fault]


def test_several_mistakes_are_told_at_once() -> None:
    assert faults(cron="61 * * * *", timezone="Mars/Olympus", overlap="never") == [
        ("cron", "cron"),
        ("timezone", "timezone"),
        ("overlap", "enum"),
    ]
