"""Taking over from processes that vanished, however many do it at once."""

import asyncio

from headrace.domain.clock import utc_now
from headrace.domain.settle import Policy
from headrace.flow.relay.losses import CHUNK, take_over_lost
from headrace.store.database import Database
from tests.support.steps import accept, claim, new_event
from tests.support.storage import Storage


async def take_over(database: Database, policy: Policy) -> None:
    async with database.connection() as connection:
        await take_over_lost(connection, database, policy, utc_now(), "release-1", only_seen=False)


async def test_a_loss_that_several_find_at_once_is_counted_once(storage: Storage, database: Database) -> None:
    ids = await accept(database, *(new_event() for _ in range(50)))
    worker = storage.add_worker()
    await claim(database, worker)
    storage.end_lease(worker)

    await asyncio.gather(*(take_over(database, Policy()) for _ in range(4)))

    assert storage.all_are("queued", ids)
    assert storage.rows("SELECT losses, count(*) FROM headrace.runs GROUP BY losses") == [(1, 50)]
    assert storage.value("SELECT count(*) FROM headrace.attempts WHERE outcome = 'lost'") == 50


async def test_a_budget_that_several_find_spent_at_once_fails_the_event_once(
    storage: Storage, database: Database
) -> None:
    ids = await accept(database, *(new_event() for _ in range(50)))
    worker = storage.add_worker()
    await claim(database, worker)
    storage.end_lease(worker)

    await asyncio.gather(*(take_over(database, Policy(unseen_losses=1)) for _ in range(2)))

    assert storage.all_are("failed", ids)
    assert storage.value("SELECT sum(delta) FROM headrace.tallies WHERE state = 'failed'") == 50


async def test_all_runs_are_freed_however_many_a_process_held(storage: Storage, database: Database) -> None:
    ids = await accept(database, *(new_event() for _ in range(CHUNK + 5)))
    worker = storage.add_worker()
    assert len(await claim(database, worker, most=CHUNK + 5)) == CHUNK + 5
    storage.end_lease(worker)

    await take_over(database, Policy())

    assert storage.all_are("queued", ids)
