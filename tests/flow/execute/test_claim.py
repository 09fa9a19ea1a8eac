"""Which due runs a process takes."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from headrace.flow.execute import Lane
from headrace.flow.execute.claim import Claimer
from headrace.store.database import Database
from tests.support.steps import TYPE, accept, accept_many, new_event
from tests.support.storage import Storage


class Process:
    """A process that claims, and holds what it claimed."""

    def __init__(
        self, storage: Storage, database: Database, lane: Lane = Lane.SOUND, queues: Sequence[str] = ("default",)
    ) -> None:
        self._claimer = Claimer(database, queues, [TYPE], lane)
        self._id = storage.add_worker()

    async def claim(self, most: int = 100, named: Sequence[UUID] = ()) -> list[UUID]:
        return [run.event_id for run in await self._claimer.claim(self._id, most, named)]


async def with_losses(storage: Storage, database: Database, *losses: int) -> list[UUID]:
    """Due runs that lost so many workers."""
    ids = await accept_many(database, len(losses))
    for event_id, number in zip(ids, losses, strict=True):
        storage.rows("UPDATE headrace.runs SET losses = %s WHERE event_id = %s", number, event_id)
    return ids


@pytest.mark.parametrize(
    ("lane", "taken"), [(Lane.SOUND, [0]), (Lane.LOST, [1, 2]), (Lane.ALONE, [3]), (Lane.ALL, [0, 1, 2, 3])]
)
async def test_each_lane_takes_its_own(storage: Storage, database: Database, lane: Lane, taken: list[int]) -> None:
    ids = await with_losses(storage, database, 0, 1, 1, 2)
    process = Process(storage, database, lane)

    found = await process.claim()
    found += await process.claim()

    assert set(found) == {ids[number] for number in taken}


async def test_the_queues_are_served_in_their_order(storage: Storage, database: Database) -> None:
    slow, fast = new_event(queue="slow"), new_event(queue="fast")
    await accept(database, slow)
    await accept(database, fast)
    process = Process(storage, database, queues=("fast", "slow"))

    assert [await process.claim() for _ in range(3)] == [[fast.id], [slow.id], []]


async def test_named_runs_wait_while_older_ones_are_due(storage: Storage, database: Database) -> None:
    ids = await accept_many(database, 3)
    process = Process(storage, database)

    assert await process.claim(most=1, named=ids[2:]) == ids[:1]
    assert await process.claim(named=ids[1:2]) == ids[1:2]
