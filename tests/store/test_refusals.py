"""What the search copy refused, and what is not settled between it and Postgres."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from headrace.domain.ids import new_id
from headrace.store.database import Database
from headrace.store.projections import Refusal, count_refusals, find_unsettled, list_refusals
from tests.support.storage import Storage

REFUSE = "INSERT INTO headrace.refusals (event_id, version, reason, fingerprint) VALUES (%s, 2, 'no', '')"


@pytest.fixture
def refused(storage: Storage) -> Sequence[UUID]:
    """Three events whose entries were refused, in the order of their ids."""
    ids = sorted(new_id() for _ in range(3))
    for event_id in reversed(ids):
        storage.rows(REFUSE, event_id)
    return ids


async def test_refusals_are_listed_between_two_ids_in_their_order(
    database: Database, storage: Storage, refused: Sequence[UUID]
) -> None:
    first, second, third = refused
    since = storage.value("SELECT since FROM headrace.refusals WHERE event_id = %s", first)
    async with database.connection() as connection:
        assert await list_refusals(connection, database, first, third, 1) == [Refusal(first, since, "no")]
        listed = await list_refusals(connection, database, first, third, None)
        assert [each.event_id for each in listed] == [first, second]
        assert await count_refusals(connection, database, first, third) == 2
        assert await count_refusals(connection, database, third, third) == 0


async def test_what_waits_or_was_refused_is_not_settled(
    database: Database, storage: Storage, refused: Sequence[UUID]
) -> None:
    waiting = new_id()
    storage.rows("INSERT INTO headrace.projections (event_id, version) VALUES (%s, 2)", waiting)
    async with database.connection() as connection:
        found = await find_unsettled(connection, database, [waiting, refused[0], new_id()])
    assert found == {waiting, refused[0]}
