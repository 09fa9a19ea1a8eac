"""How much is written to the copy at a time, and when."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from headrace.flow.project.pace import (
    FIRST_ENTRIES,
    FIRST_REST_SECONDS,
    LONGEST_REST_SECONDS,
    MOST_ENTRIES,
    Pace,
    rest,
)
from tests.support.waiting import eventually


def pace(*batches: bool, chance: float = 0.5) -> Pace:
    """The pace after batches, of which some succeeded."""
    found = Pace(lambda: chance)
    for succeeded in batches:
        if succeeded:
            found.succeeded()
        else:
            found.failed()
    return found


def test_at_first_there_is_no_rest() -> None:
    assert (pace().entries, pace().rest_seconds) == (FIRST_ENTRIES, 0.0)


def test_each_failure_halves_the_batch_and_doubles_the_rest() -> None:
    rests = [pace(*[False] * failures).rest_seconds for failures in range(1, 8)]
    assert rests == [0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_REST_SECONDS, LONGEST_REST_SECONDS]
    assert [pace(*[False] * failures).entries for failures in (1, 2, 3, 7, 8, 50)] == [50, 25, 12, 1, 1, 1]


def test_each_success_doubles_the_batch_and_ends_the_rest() -> None:
    assert [pace(*[True] * successes).entries for successes in range(6)] == [100, 200, 400, 800, *[MOST_ENTRIES] * 2]
    recovered = pace(*[False] * 9, True)
    assert (recovered.entries, recovered.rest_seconds) == (2, 0.0)
    assert pace(*[False] * 9, True, False).rest_seconds == FIRST_REST_SECONDS


@given(st.lists(st.booleans(), max_size=40), st.floats(0, 1))
def test_whatever_happens_something_is_written_within_a_while(batches: list[bool], chance: float) -> None:
    found, middle = pace(*batches, chance=chance), pace(*batches)
    assert 1 <= found.entries <= MOST_ENTRIES
    assert 0.79 * middle.rest_seconds <= found.rest_seconds <= 1.21 * middle.rest_seconds
    assert (found.rest_seconds == 0) == (not batches or batches[-1])


async def test_a_rest_ends_when_it_is_time_to_stop() -> None:
    stopping = asyncio.Event()
    resting = asyncio.create_task(rest(stopping, 600.0))
    stopping.set()
    await eventually(resting.done, "the rest is over")


async def test_a_rest_ends_by_itself() -> None:
    await rest(asyncio.Event(), 0.0)
    await rest(asyncio.Event(), 0.01)
