"""Times as people type them."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from headrace.cli.moments import parse_delivery, parse_moment

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("2026-11-25T17:00:00Z", timedelta(hours=1)),
        ("2026-11-25T17:00:00+01:00", timedelta(hours=2)),
        ("2026-11-25 17:59:59.5+00:00", timedelta(seconds=0.5)),
        ("2026-11-25t17:00:00z", timedelta(hours=1)),
        ("20261125T170000Z", timedelta(hours=1)),
    ],
)
def test_a_time_is_told_with_its_zone_or_as_so_long_ago(text: str, ago: timedelta) -> None:
    assert parse_moment(text, NOW) == NOW - ago


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "h",
        "-2h",
        "2 h",
        "2w",
        "999999d",
        "yesterday",
        "2026",
        "20261125",
        "2026-11-25T17:00:00",
        "1969-12-31T00:00:00Z",
        "2200-01-01T00:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_moment(text, NOW)


@pytest.mark.parametrize(
    ("at", "after", "moment"),
    [
        (None, None, None),
        ("2026-11-26T18:00:00+00:00", None, NOW + timedelta(days=1)),
        (None, "90s", NOW + timedelta(seconds=90)),
        (None, "2h", NOW + timedelta(hours=2)),
    ],
)
def test_a_delivery_is_told_by_its_time_or_by_how_long_it_is_till_then(
    at: str | None, after: str | None, moment: datetime | None
) -> None:
    assert parse_delivery(at, after, NOW) == moment


@pytest.mark.parametrize(
    ("at", "after"), [("2h", None), ("2026-11-26", None), (None, "soon"), (None, "-2h"), ("a", "b")]
)
def test_what_is_no_delivery_says_how_to_write_one(at: str | None, after: str | None) -> None:
    with pytest.raises(typer.BadParameter, match=r"--(at|in)"):
        parse_delivery(at, after, NOW)
