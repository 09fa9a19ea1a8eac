"""Ids that carry the time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.clock import utc_now
from headrace.domain.ids import first_id_at, new_id, parse_id, time_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MOMENTS = st.timedeltas(timedelta(), timedelta(days=84_000)).map(lambda since: EPOCH + since)


@given(MOMENTS)
def test_an_id_carries_its_moment_to_the_millisecond(moment: datetime) -> None:
    event_id = new_id(moment)

    assert event_id.version == 7
    assert timedelta() <= moment - time_of(event_id) < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_their_time(one: datetime, other: datetime) -> None:
    if time_of(new_id(one)) < time_of(new_id(other)):
        assert new_id(one) < new_id(other)
    assert first_id_at(one) <= new_id(one)
    assert (first_id_at(one) <= new_id(other)) == (time_of(new_id(one)) <= time_of(new_id(other)))


@given(MOMENTS)
def test_the_first_id_of_a_moment_carries_that_moment(moment: datetime) -> None:
    assert time_of(first_id_at(moment)) == time_of(new_id(moment))


def test_a_new_id_is_of_now_and_no_two_are_equal() -> None:
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert abs(time_of(ids[0]) - utc_now()) < timedelta(minutes=1)


@given(st.uuids())
def test_an_id_that_was_written_is_read(event_id: UUID) -> None:
    assert parse_id(str(event_id)) == event_id


@pytest.mark.parametrize("text", ["", "x", "0", "018f-", "g" * 32, "\0", "018f" * 9])
def test_what_is_no_id_is_told_so(text: str) -> None:
    assert parse_id(text) is None
