from datetime import date

import pytest

from headrace.cli.showing.words import at_utc, clock, compact, duration, moment, plain, plural, table


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.12, "120 ms"),
        (0.9996, "1 s"),
        (1.254, "1.25 s"),
        (59.999, "1 min"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3599.6, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_duration_is_told_in_the_units_that_fit(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_times_are_told_in_utc() -> None:
    assert moment("2026-11-25T19:00:00.1234+01:00") == "2026-11-25 18:00:00.123Z"
    at = at_utc("2026-11-25T18:00:00Z")
    assert clock(at, date(2026, 11, 25)) == "18:00:00.000"
    assert clock(at, date(2026, 11, 24)) == "2026-11-25 18:00:00.000"


def test_nothing_reaches_a_terminal_that_it_would_obey() -> None:
    assert plain("one\r\ntwo\x1b[31m\x07") == "one ↵ two\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}"
    assert compact({"ä": "a\nb"}) == '{"ä": "a\\nb"}'


def test_a_table_is_as_wide_as_its_cells() -> None:
    lines = table([("a", "bcd", "e"), ("fgh", "i", "")])
    assert [line.plain for line in lines] == ["  a    bcd  e", "  fgh  i"]
    assert table([]) == []


def test_one_is_no_plural() -> None:
    assert (plural(1, "node"), plural(1200, "node")) == ("1 node", "1,200 nodes")
