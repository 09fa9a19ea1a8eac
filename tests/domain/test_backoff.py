"""The retry schedule."""

from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.backoff import DEFAULT_DELAYS_SECONDS, JITTER, backoff_of, delay_seconds
from headrace.domain.outcome import Backoff

DELAYS = st.lists(st.floats(0.001, 1e6), max_size=12)
CHANCE = st.floats(0.0, 1.0, exclude_max=True)


def test_the_published_schedule_is_ten_retries_from_five_seconds_to_a_day() -> None:
    minutes, hours = [2, 10, 30], [2, 5, 10, 14, 24]
    published = [5, 30, *(60 * number for number in minutes), *(3600 * number for number in hours)]

    assert list(backoff_of().delays_seconds) == published


@given(st.integers(0, 30))
def test_a_number_of_retries_cuts_the_schedule_or_repeats_its_last_delay(retries: int) -> None:
    delays = backoff_of(retries).delays_seconds

    assert len(delays) == retries
    assert delays[:10] == DEFAULT_DELAYS_SECONDS[:retries]
    assert set(delays[10:]) <= {DEFAULT_DELAYS_SECONDS[-1]}


@given(DELAYS)
def test_delays_of_ones_own_replace_the_schedule(delays: list[float]) -> None:
    assert backoff_of(delays_seconds=delays) == Backoff(tuple(delays))


@given(DELAYS.filter(bool), st.integers(0, 30))
def test_both_together_cut_or_repeat_ones_own_delays(delays: list[float], retries: int) -> None:
    found = backoff_of(retries, delays).delays_seconds

    assert found == tuple(delays[:retries]) + (delays[-1],) * (retries - len(delays))


def test_retries_without_any_delay_have_the_first_published_one() -> None:
    assert backoff_of(2, ()).delays_seconds == (5, 5)


@given(DELAYS.filter(bool), CHANCE, st.data())
def test_a_delay_is_the_scheduled_one_give_or_take_a_fifth(
    delays: list[float], chance: float, data: st.DataObject
) -> None:
    failures = data.draw(st.integers(1, len(delays)))

    found = delay_seconds(Backoff(tuple(delays)), failures, chance)

    assert found is not None
    scheduled = delays[failures - 1]
    assert scheduled * (1 - JITTER) * 0.999 <= found <= scheduled * (1 + JITTER) * 1.001


def test_chance_spreads_to_both_sides() -> None:
    backoff = Backoff((100.0,))

    assert [delay_seconds(backoff, 1, chance) for chance in (0.0, 0.5)] == [80.0, 100.0]
    assert 119.9 < (delay_seconds(backoff, 1, 0.9999) or 0) < 120.0


@given(DELAYS, CHANCE, st.integers(1, 100))
def test_there_are_as_many_retries_as_delays(delays: list[float], chance: float, beyond: int) -> None:
    assert delay_seconds(Backoff(tuple(delays)), len(delays) + beyond, chance) is None


@given(DELAYS.filter(bool), CHANCE, st.floats(0.01, 100.0))
def test_no_delay_is_longer_than_the_cap(delays: list[float], chance: float, cap_seconds: float) -> None:
    for failures in range(1, len(delays) + 1):
        uncapped = delay_seconds(Backoff(tuple(delays)), failures, chance)
        assert uncapped is not None
        assert delay_seconds(Backoff(tuple(delays)), failures, chance, cap_seconds) == min(uncapped, cap_seconds)
