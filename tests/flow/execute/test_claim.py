"""Which due runs a process takes."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from chaos.proxy import Proxy
from headrace.domain.progress import Kept, Progress
from headrace.domain.settle import Released
from headrace.flow.execute import Lane
from headrace.flow.execute.claim import Claimer
from headrace.store.database import Database
from tests.support.steps import (
    TYPE,
    accept,
    accept_many,
    awaiting,
    claim,
    new_event,
    output,
    paused,
    store,
    suspended,
)
from tests.support.storage import Storage


class Process:
    """A process that claims, and holds what it claimed."""

    def __init__(
        self, storage: Storage, database: Database, lane: Lane = Lane.SOUND, queues: Sequence[str] = ("default",)
    ) -> None:
        self._claimer = Claimer(database, queues, [TYPE], lane)
        self._id = storage.add_worker()

    async def claim(self, most: int = 100, named: Sequence[UUID] = ()) -> list[UUID]:
        return [claimed.run.event_id for claimed in await self._claimer.claim(self._id, most, named)]


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


async def test_what_earlier_attempts_left_comes_with_the_run(storage: Storage, database: Database) -> None:
    await accept_many(database, 1)
    claimer = Claimer(database, ("default",), [TYPE], Lane.SOUND)
    [first] = await claimer.claim(storage.add_worker(), 10, ())
    await store(database, suspended(first.run, paused("nap", hours=-1), checkpoints=[output("classify")]))

    [second] = await claimer.claim(storage.add_worker(), 10, ())

    assert first.kept == Kept()
    assert second.kept is not None
    assert second.kept.checkpoints == (output("classify"),)
    assert [pause.node for pause in second.kept.pauses] == ["nap"]


async def test_a_run_of_which_nothing_can_be_read_is_claimed_all_the_same(storage: Storage, database: Database) -> None:
    await accept_many(database, 2)
    [first, _] = await claim(database, storage.add_worker())
    await store(database, Released(first, Progress()))
    with Proxy(storage.services.database_url) as proxy:
        away = storage.open(proxy.url)
        await away.open()
        proxy.lose_reply_to(b".checkpoints")

        claimed = await Claimer(away, ("default",), [TYPE], Lane.SOUND).claim(storage.add_worker(), 10, ())
        await away.close()

    assert [(each.run.event_id, each.kept) for each in claimed] == [(first.event_id, None)]


async def test_a_wait_whose_time_is_over_does_not_miss_an_event_that_nobody_brought_to_it(
    storage: Storage, database: Database
) -> None:
    await accept_many(database, 1)
    claimer = Claimer(database, ("default",), [TYPE], Lane.SOUND)
    [first] = await claimer.claim(storage.add_worker(), 10, ())
    await store(database, suspended(first.run, awaiting("paid", "17", hours=-1)))
    [paid] = await accept(database, new_event("order.paid", match_key="17"))

    [second] = await claimer.claim(storage.add_worker(), 10, ())

    assert second.kept is not None
    assert second.kept.arrivals["paid"].event_id == paid
