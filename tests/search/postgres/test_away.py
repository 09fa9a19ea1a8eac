"""A Postgres that is not there, or is not able to do what is asked now."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import psycopg
import pytest

from headrace.domain.query import Query
from headrace.errors import CopyAway
from headrace.search.port import Search, SearchCopy, Written
from headrace.search.postgres.copy import PostgresCopy
from headrace.store.database import Database
from tests.search.places import MONTH, document, id_after, tombstone
from tests.support.storage import Storage

EVERYTHING = Search("acme", Query(), 10)


@asynccontextmanager
async def opened(url: str, schema: str = "headrace", search_seconds: float = 5.0) -> AsyncIterator[PostgresCopy]:
    """A copy that has one connection."""
    database = Database(lambda: url, schema=schema, pooler="none", connections=1)
    await database.open()
    yield PostgresCopy(database, search_seconds=search_seconds)
    await database.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_a_server_that_does_not_answer_is_away(silent: str) -> None:
    async with opened(f"postgresql://headrace:hunter2@{silent}/headrace", search_seconds=0.2) as copy:
        with pytest.raises(CopyAway) as caught:
            await copy.search(EVERYTHING)
        assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_search_that_takes_too_long_is_ended(copy18_storage: Storage) -> None:
    url = copy18_storage.services.database_url
    async with opened(url, copy18_storage.schema, search_seconds=0.2) as copy:
        with psycopg.connect(copy18_storage.services.migrate_database_url) as holder:
            holder.execute(copy18_storage.sql("LOCK TABLE headrace.documents"))
            with pytest.raises(CopyAway, match="in time"):
                await copy.search(EVERYTHING)
        assert (await copy.search(EVERYTHING)).total == 0


async def test_what_somebody_holds_is_written_later(copy18_storage: Storage) -> None:
    one = document()
    async with opened(copy18_storage.services.database_url, copy18_storage.schema) as copy:
        with psycopg.connect(copy18_storage.services.migrate_database_url) as holder:
            holder.execute(copy18_storage.sql("LOCK TABLE headrace.documents"))
            with pytest.raises(CopyAway, match="holds"):
                await copy.write([one], 1, {})
        assert await copy.write([one], 2, {}) == [Written()]
    copy18_storage.clean()


async def test_every_call_does_with_one_connection(copy18_storage: Storage) -> None:
    async with opened(copy18_storage.services.database_url, copy18_storage.schema) as copy:
        await _call_all(copy)
    copy18_storage.clean()


async def _call_all(copy: SearchCopy) -> None:
    one, other = document(), document(id_after(1))
    await copy.prepare([MONTH])
    assert await copy.write([one, other], 1, {}) == [Written()] * 2
    assert await copy.overwrite([one, tombstone(other.event_id)], 2) == [Written()] * 2
    assert list((await copy.search(EVERYTHING)).ids) == [one.event_id]
    assert [part.documents for part in await copy.parts()] == [1]
    assert [listed.event_id for listed in await copy.list_page(MONTH, None, 10)] == [one.event_id]
    assert list(await copy.list_strangers(MONTH, 10)) == []
    assert list(await copy.differing([one])) == []
    assert await copy.fingerprint()
    assert await copy.bury(0.0) == 1
    await copy.begin_rebuild(MONTH, 3)
    assert await copy.build([one], 4, MONTH, 3) == [Written()]
    await copy.finish_rebuild(MONTH, 3, 3)
    await copy.close()
    assert list((await copy.search(EVERYTHING)).ids) == [one.event_id]
