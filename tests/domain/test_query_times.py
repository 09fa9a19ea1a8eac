"""Times in a query."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.query import Between
from headrace.domain.query_times import between


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


#: Moments of all zones, as far from the first and the last one as no zone is from UTC.
MOMENTS = st.datetimes(
    at("1970-01-02").replace(tzinfo=None), at("2199-12-30").replace(tzinfo=None), timezones=st.timezones()
)


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2026-11-29", "2026-11-29", "2026-11-30"),
        ("2026-11-30", "2026-11-30", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2028-02", "2028-02-01", "2028-03-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2199", "2199-01-01", "2200-01-01"),
        ("2026-11-29T10:00Z", "2026-11-29T10:00", "2026-11-29T10:01"),
        ("2026-11-29t10:00:00z", "2026-11-29T10:00:00", "2026-11-29T10:00:01"),
        ("2026-11-29T10:00:00.5Z", "2026-11-29T10:00:00.500", "2026-11-29T10:00:00.600"),
        ("2026-11-29T10:00:00.123456Z", "2026-11-29T10:00:00.123456", "2026-11-29T10:00:00.123457"),
        ("2026-11-29T10:00:00+02:00", "2026-11-29T08:00:00", "2026-11-29T08:00:01"),
        ("2026-11-29T10:00:00-0530", "2026-11-29T15:30:00", "2026-11-29T15:30:01"),
        ("2026-11-01..2026-11-08", "2026-11-01", "2026-11-09"),
        ("2026-11..2026-12", "2026-11-01", "2027-01-01"),
        ("2026-11-29..2026-11-29", "2026-11-29", "2026-11-30"),
        ("2026-11-29T23:00:00Z..2026-11-29", "2026-11-29T23:00", "2026-11-30"),
    ],
)
def test_a_time_lasts_as_long_as_its_unit(text: str, first: str, end: str) -> None:
    assert between("created", text) == Between("created", at(first), at(end))


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        (">=2026-11-29", "2026-11-29", None),
        (">2026-11-29", "2026-11-30", None),
        (">2026-11", "2026-12-01", None),
        ("<2026-11-29", None, "2026-11-29"),
        ("<=2026-11-29", None, "2026-11-30"),
        ("<=2026", None, "2027-01-01"),
        (">2026-11-29T10:00:00Z", "2026-11-29T10:00:01", None),
        ("<=2026-11-29T10:00:00.5Z", None, "2026-11-29T10:00:00.600"),
    ],
)
def test_times_are_compared_as_a_whole(text: str, first: str | None, end: str | None) -> None:
    assert between("finished", text) == Between("finished", at(first) if first else None, at(end) if end else None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "is no time"),
        ("", "is no time"),
        ("20261129", "is no time"),
        ("2026-W48", "is no time"),
        ("2026-11-29T10", "is no time"),
        ("2026-11-29 10:00Z", "is no time"),
        ("\u0662026-11-29", "is no time"),
        (">", "is no time"),
        ("=2026", "is no time"),
        (">>2026", "is no time"),
        ("2026-11-01..", "is no time"),
        ("..2026-11-01", "is no time"),
        (">=2026-11-01..2026-11-02", "is no time"),
        ("2026-11-01..2026-11-02..2026-11-03", "is no time"),
        ("2026-11-29T10:00:00", "has no zone"),
        ("2026-13", "is no date between 1970 and 2200"),
        ("2026-02-29", "is no date between 1970 and 2200"),
        ("0000", "is no date between 1970 and 2200"),
        ("1969-12-31", "is no date between 1970 and 2200"),
        ("2200", "is no date between 1970 and 2200"),
        ("2026-11-29T25:00:00Z", "is no time between 1970 and 2200"),
        ("2026-11-29T10:00:00+99:00", "is no time between 1970 and 2200"),
        ("1970-01-01T00:00:00+02:00", "is no time between 1970 and 2200"),
        ("0001-01-01T00:00:00+14:00", "is no time between 1970 and 2200"),
        ("9999-12-31T23:59:59-14:00", "is no time between 1970 and 2200"),
        ("2026-11-08..2026-11-01", "ends before it begins"),
        ("2026-11-29..2026-11-28", "ends before it begins"),
        ("2026-11-29T10:00:00Z..2026-11-28", "ends before it begins"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        between("created", text)


@settings(deadline=None)
@given(MOMENTS)
def test_every_moment_is_within_its_own_units(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    utc = moment.astimezone(UTC)
    # Zones of long ago have seconds, which nobody writes.
    offset = timedelta(minutes=(moment.utcoffset() or timedelta()) // timedelta(minutes=1))
    written = (utc + offset).replace(tzinfo=None).isoformat(timespec="milliseconds")
    sign, minutes = "-" if offset < timedelta() else "+", abs(offset) // timedelta(minutes=1)
    for text in (
        f"{written}{sign}{minutes // 60:02}:{minutes % 60:02}",
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%dT%H:%MZ"),
        utc.date().isoformat(),
        utc.strftime("%Y-%m"),
        utc.strftime("%Y"),
    ):
        found = between("created", text)
        assert found.first is not None
        assert found.end is not None
        assert found.first <= utc < found.end
        assert found.first.tzinfo is found.end.tzinfo is UTC
        assert between("created", f">={text}").first == between("created", f"<{text}").end == found.first
        assert between("created", f">{text}").first == between("created", f"<={text}").end == found.end
