from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headrace.cli.showing.axis import Axis, Span, axis_of

BEGIN = datetime(2026, 11, 25, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def span(begin: float, end: float) -> Span:
    return at(begin), at(end)


def bars(axis: Axis, *spans: Span) -> list[str]:
    return [axis.bar(*each) for each in spans]


def test_bars_stand_where_they_began_and_are_as_long_as_they_took() -> None:
    spans = [span(0, 4), span(4, 6), span(6, 8)]
    assert bars(axis_of(spans, 8), *spans) == ["████    ", "    ██  ", "      ██"]


def test_a_bar_ends_within_a_column_and_is_never_empty() -> None:
    spans = [span(0, 10), span(0, 2.5), span(9.999, 10), span(10, 10)]
    assert bars(axis_of(spans, 10), *spans)[1:] == ["██▌       ", "         ▏", "         ▏"]


def test_a_long_idle_time_is_drawn_short() -> None:
    spans = [span(0, 1), span(86_400, 86_401)]
    axis = axis_of(spans, 23)
    assert bars(axis, *spans) == ["██████████             ", "             ██████████"]
    assert axis.is_shortened


def test_a_short_idle_time_is_drawn_as_it_was() -> None:
    assert not axis_of([span(0, 5), span(5.5, 10)], 10).is_shortened


def test_an_open_bar_is_drawn_in_whole_columns() -> None:
    axis = axis_of([span(0, 10)], 10)
    assert axis.bar(at(2.5), at(10), "░") == "  ░░░░░░░░"


def test_moments_that_take_no_time_are_drawn_at_the_left() -> None:
    assert axis_of([span(1, 1)], 3).bar(at(1), at(1)) == "▏  "


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1), st.integers(1, 100))
def test_every_bar_fits(pairs: list[tuple[float, float]], columns: int) -> None:
    spans = [span(*sorted(pair)) for pair in pairs]
    axis = axis_of(spans, columns)
    for each in spans:
        bar = axis.bar(*each)
        assert len(bar) == columns
        assert bar.strip()
