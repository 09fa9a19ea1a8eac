"""An API takes on so much at once, and the rest is to be sent again later."""

from contextlib import suppress

import pytest

from headrace.errors import Overloaded
from headrace.flow.ingest import Room
from headrace.flow.ingest.room import LEAST_BYTES, ROOM_BYTES


def test_short_requests_are_taken_up_to_a_number() -> None:
    room = Room()
    places = [room.enter() for _ in range(ROOM_BYTES // LEAST_BYTES)]

    with pytest.raises(Overloaded):
        room.enter()
    with places[0]:
        places[0].fill(450)
    room.enter()


def test_long_ones_are_counted_by_their_length() -> None:
    room = Room()
    with room.enter() as first:
        first.fill(ROOM_BYTES + 1)
        with pytest.raises(Overloaded):
            room.enter()
    assert room.taken_bytes == 0


def test_one_that_came_first_and_was_read_later_is_refused_too() -> None:
    room = Room()
    with room.enter() as slow, room.enter() as first:
        first.fill(ROOM_BYTES)
        with pytest.raises(Overloaded):
            slow.fill(LEAST_BYTES + 1)
    assert room.taken_bytes == 0


def test_what_fails_gives_its_room_back() -> None:
    room = Room()
    with suppress(ValueError), room.enter() as place:
        place.fill(1_000_000)
        assert room.taken_bytes == 1_000_000
        raise ValueError
    assert room.taken_bytes == 0
