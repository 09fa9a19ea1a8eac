"""An Elasticsearch that is not there, or not itself."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from headrace.domain.query import Query
from headrace.errors import CopyAway
from headrace.search.elasticsearch.copy import ElasticsearchCopy
from headrace.search.port import Search, Written
from tests.search.places import MONTH, document
from tests.support.elasticsearch import ElasticsearchNode, running_elasticsearch

EVERYTHING = Search("acme", Query(), 10)


@asynccontextmanager
async def opened(url: str, timeout_seconds: float = 5.0) -> AsyncIterator[ElasticsearchCopy]:
    copy = ElasticsearchCopy(url, timeout_seconds=timeout_seconds)
    try:
        yield copy
    finally:
        await copy.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_every_call_says_that_nothing_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with opened(f"http://headrace:hunter2@127.0.0.1:{port}") as copy:
        for call in (
            copy.prepare([MONTH]),
            copy.write([document()], 1, {}),
            copy.overwrite([document()], 1),
            copy.search(EVERYTHING),
            copy.parts(),
            copy.list_page(MONTH, None, 10),
            copy.list_strangers(MONTH, 10),
            copy.differing([document()]),
            copy.fingerprint(),
            copy.bury(1.0),
            copy.begin_rebuild(MONTH, 2),
            copy.build([document()], 1, MONTH, 2),
            copy.finish_rebuild(MONTH, 2, 1),
        ):
            with pytest.raises(CopyAway, match="cannot be reached") as caught:
                await call
            assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_said(silent: str) -> None:
    async with opened(f"http://{silent}", timeout_seconds=0.2) as copy:
        with pytest.raises(CopyAway, match="in time"):
            await copy.search(EVERYTHING)


@pytest.mark.slow
@pytest.mark.services
async def test_it_is_there_again_with_all_that_it_took(tmp_path: Path, elasticsearch_program: Path) -> None:
    with running_elasticsearch(tmp_path, program=elasticsearch_program) as node:
        async with opened(node.url) as copy:
            await _kill_and_start_between(node, copy)


async def _kill_and_start_between(node: ElasticsearchNode, copy: ElasticsearchCopy) -> None:
    await copy.prepare([MONTH])
    one = document()
    assert await copy.write([one], 1, {}) == [Written()]
    node.kill()
    with pytest.raises(CopyAway):
        await copy.write([one], 2, {})
    node.start()
    await copy.prepare([MONTH])
    assert await copy.write([one], 3, {}) == [Written()]
    assert [part.documents for part in await copy.parts()] == [1]
