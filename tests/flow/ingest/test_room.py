"""An API takes on so much at once, and the rest is to be sent again later."""

import asyncio
from contextlib import suppress

import pytest

from headrace.errors import Overloaded
from headrace.flow.ingest import Room
from headrace.flow.ingest.room import LEAST_BYTES, LEAST_EVENT_BYTES, ROOM_BYTES


async def test_short_requests_are_taken_up_to_a_number() -> None:
    room = Room()
    places = [await room.enter() for _ in range(ROOM_BYTES // LEAST_BYTES)]

    with pytest.raises(Overloaded):
        await room.enter()
    with places[0]:
        places[0].fill(450)
    await room.enter()


async def test_long_ones_are_counted_by_their_length() -> None:
    room = Room()
    with await room.enter() as first:
        first.fill(ROOM_BYTES + 1)
        with pytest.raises(Overloaded):
            await room.enter()
    assert room.taken_bytes == 0


async def test_many_short_events_in_a_request_are_counted_by_their_number() -> None:
    room = Room()
    with await room.enter() as batch:
        batch.fill(450 * 1000, 1000)
        assert room.taken_bytes == 1000 * LEAST_EVENT_BYTES


async def test_one_that_came_first_and_was_read_later_is_refused_too() -> None:
    room = Room()
    with await room.enter() as slow, await room.enter() as first:
        first.fill(ROOM_BYTES)
        with pytest.raises(Overloaded):
            slow.fill(LEAST_BYTES + 1)
    assert room.taken_bytes == 0


async def test_room_that_is_given_back_soon_is_taken() -> None:
    room = Room()
    with await room.enter() as first:
        first.fill(ROOM_BYTES)
        waiting = asyncio.create_task(room.enter())
        await asyncio.sleep(0)
        assert not waiting.done()

    with await waiting:
        assert room.taken_bytes == LEAST_BYTES


async def test_what_fails_gives_its_room_back() -> None:
    room = Room()
    with suppress(ValueError), await room.enter() as place:
        place.fill(1_000_000)
        assert room.taken_bytes == 1_000_000
        raise ValueError
    assert room.taken_bytes == 0
