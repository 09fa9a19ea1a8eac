import asyncio

import pytest

from bench.load.http import post_request
from bench.load.loops import closed_loop, open_loop
from tests.bench.load.answering import accepted, answering

REQUESTS = [post_request("/events", {}, b"%d" % number) for number in range(30)]


async def at_once(body: bytes) -> bytes:
    return accepted(body)


async def test_a_closed_loop_sends_as_many_as_asked_for() -> None:
    async with answering(at_once) as server:
        sent = await closed_loop(server.port, REQUESTS, connections=4, seconds=30, most=30)
    assert sorted(one.number for one in sent) == list(range(30))
    assert all(one.answer is not None and int(one.answer.body) == one.number for one in sent)


async def test_a_closed_loop_ends_in_time_and_begins_again_with_the_first() -> None:
    async with answering(at_once) as server:
        sent = await closed_loop(server.port, REQUESTS[:2], connections=2, seconds=0.2)
    assert len(sent) > 2
    assert {*server.came} == {b"0", b"1"}


async def test_an_open_loop_counts_from_when_a_request_was_due() -> None:
    stalled = False

    async def stall_once(body: bytes) -> bytes:
        nonlocal stalled
        if not stalled:
            stalled = True
            await asyncio.sleep(0.3)
        return accepted(body)

    async with answering(stall_once) as server:
        sent = await open_loop(server.port, REQUESTS, rate=100, connections=1)
    waited = {one.number: one.seconds for one in sent}
    assert len(waited) == 30
    assert waited[10] > 0.15, "it was due while the server stood still"


async def test_a_connection_that_is_lost_ends_the_load() -> None:
    async def cut(body: bytes) -> bytes:
        raise ConnectionResetError

    async with answering(cut) as server:
        with pytest.raises(ConnectionError):
            await closed_loop(server.port, REQUESTS, connections=2, seconds=5)
        with pytest.raises(ConnectionError):
            await open_loop(server.port, REQUESTS, rate=1000)
