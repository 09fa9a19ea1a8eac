"""What the search copy is made of."""

from uuid import UUID

import pytest

from headrace.domain.ids import new_id
from headrace.domain.settle import Finished
from headrace.domain.states import EventState
from headrace.store.database import Database
from headrace.store.finished import count_fitting, list_versions
from tests.support.steps import accept, claim, new_event, store
from tests.support.storage import Storage

ENDS = (UUID(int=0), UUID(int=(1 << 128) - 1))


@pytest.mark.parametrize(
    ("metadata", "indices"),
    [
        ("", ()),
        (',"metadata":null', ()),
        (',"metadata":{"search":[{"index":null}]}', ()),
        (',"metadata":{"search":[{"index":"orders"},{"index":"mails"}]}', ("orders", "mails")),
        (',"metadata":{"search":"odd"}', ()),
    ],
)
async def test_a_finished_event_has_a_version_and_the_indices_that_it_names(
    database: Database, storage: Storage, metadata: str, indices: tuple[str, ...]
) -> None:
    await accept(database, new_event())
    [run] = await claim(database, storage.add_worker())
    await store(database, Finished(run, EventState.SUCCEEDED, f'{{"nodes":{{}}{metadata}}}'.encode()))

    async with database.connection() as connection:
        assert await list_versions(connection, database, *ENDS, 10) == [(run.event_id, 2, indices)]


async def test_as_many_events_are_taken_at_a_time_as_fit(database: Database, storage: Storage) -> None:
    ids = await accept(database, *(new_event() for _ in range(3)))
    storage.rows("UPDATE headrace.events SET body = repeat('x', 1000)::bytea")

    async with database.connection() as connection:
        assert await count_fitting(connection, database, ids, 2999) == 2
        assert await count_fitting(connection, database, ids, 3000) == 3
        assert await count_fitting(connection, database, ids, 1) == 1
        assert await count_fitting(connection, database, [new_id()], 1) == 1
        assert await count_fitting(connection, database, [], 3000) == 0
