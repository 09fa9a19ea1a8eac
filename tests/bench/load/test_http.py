import asyncio

import pytest

from bench.load.http import Answer, answers_at, fetch, get_request, parse_answer, post_request
from tests.bench.load.answering import accepted, answering

WHOLE = accepted(b'{"id": 1}')


def test_an_answer_is_read_once_it_is_there() -> None:
    assert parse_answer(WHOLE) == Answer(202, b'{"id": 1}')


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_a_part_of_an_answer_is_none(end: int) -> None:
    assert parse_answer(WHOLE[:end]) is None


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", WHOLE + b"x"])
def test_an_answer_whose_end_is_not_known_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="An answer"):
        parse_answer(data)


async def test_answers_come_in_the_order_of_their_requests() -> None:
    async def slower_first(body: bytes) -> bytes:
        await asyncio.sleep(0.05 if body == b"0" else 0)
        return accepted(body)

    requests = [post_request("/events", {"X": "y"}, b"%d" % number) for number in range(20)]
    async with answering(slower_first) as server:
        answers = await fetch(server.port, requests, connections=4)
    assert [int(answer.body) for answer in answers] == list(range(20))


async def test_a_connection_that_is_cut_is_an_error() -> None:
    async def cut(body: bytes) -> bytes:
        raise ConnectionResetError

    async with answering(cut) as server:
        with pytest.raises(ConnectionError):
            await fetch(server.port, [get_request("/")])
        assert not await answers_at(server.port, "/")
