"""The ledger: whatever happens, an event has either a run or a result, and the tallies say how many of each."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.domain.clock import utc_now
from headrace.domain.event import Losses, NewEvent, Run
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Progress
from headrace.domain.settle import Delayed, Finished, Lost, Parked, Released
from headrace.domain.states import EventState, Reason
from headrace.store.cancelling import cancel, cancel_unheld
from headrace.store.database import Database
from headrace.store.erasing import erase
from headrace.store.lost import find_lost, free_lost
from headrace.store.parking import Serving, park, unpark
from headrace.store.replaying import replay
from headrace.store.runs import FORMAT
from headrace.store.tallies import fold_tallies, sum_tallies
from tests.support.steps import (
    TYPE,
    accept,
    accept_many,
    claim,
    hold_finished,
    hold_replayable,
    hold_unfinished,
    new_event,
    recount,
    store,
    succeeded,
)
from tests.support.storage import Storage

ERROR = ErrorReport("ValueError", "no")


async def ledger(database: Database) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """What the tallies sum up to, and what the rows are."""
    async with database.connection() as connection, connection.transaction():
        return await sum_tallies(connection, database), await recount(connection, database)


def assert_adds_up(sums: Mapping[str, int], counted: Mapping[str, int]) -> None:
    kept, unfinished, erased = counted["accepted"], counted["unfinished"], sums.get("erased", 0)
    finished = {state: number for state, number in counted.items() if state not in ("accepted", "unfinished")}
    assert kept == unfinished + sum(finished.values())
    told = {"accepted": kept + erased, **finished, "erased": erased}
    assert {state: number for state, number in sums.items() if number} == {
        state: number for state, number in told.items() if number
    }


#: All but those that somebody is sweeping at the moment.
_EXPIRE = """
UPDATE headrace.workers SET expires = now() WHERE id IN (SELECT id FROM headrace.workers FOR UPDATE SKIP LOCKED)
"""


def _serving(types: Mapping[str, list[str]]) -> Serving:
    return Serving({"default": types}, {"default": FORMAT})


class World:
    """Does to the storage what clients, workers and relays do, in any order."""

    def __init__(self, storage: Storage, database: Database, chance: random.Random) -> None:
        self._storage = storage
        self._database = database
        self._chance = chance
        self._sent: list[NewEvent] = []
        self._held: list[Run] = []

    async def accept(self) -> None:
        events = [new_event(self._chance.choice((TYPE, "unheard.of"))) for _ in range(self._chance.randint(1, 4))]
        self._sent += events
        await accept(self._database, *events)

    async def accept_again(self) -> None:
        if self._sent:
            await accept(self._database, new_event(), *self._chance.sample(self._sent, 1))

    async def claim(self) -> None:
        self._held += await claim(self._database, self._storage.add_worker(), most=3)

    async def settle(self) -> None:
        """What was taken over meanwhile, or settled before, is among it."""
        kinds: tuple[Callable[[Run], Finished | Delayed | Parked | Released], ...] = (
            succeeded,
            lambda run: Finished(run, EventState.FAILED, None, ERROR, "node", Reason.NODE_FAILED),
            lambda run: Finished(run, EventState.CANCELLED, None),
            lambda run: Delayed(run, utc_now(), Reason.RETRY, Progress({"node": 1}), "node", ERROR),
            lambda run: Parked(run, Reason.SCHEMA_MISMATCH, "1"),
            lambda run: Released(run, Progress()),
            lambda run: replace(succeeded(run), emitted=[new_event(), self._chance.choice(self._sent)]),
        )
        runs = self._chance.sample(self._held, min(3, len(self._held)))
        await store(self._database, *(self._chance.choice(kinds)(run) for run in runs))

    async def lose(self) -> None:
        async with self._database.connection() as connection:
            await connection.execute(self._storage.sql(_EXPIRE))
            async with connection.transaction():
                found = await find_lost(connection, self._database, 2)
                losses = [(lost, Lost(Losses(1, 0, 1), spent=False)) for lost in found]
                await free_lost(connection, self._database, losses)

    async def park(self) -> None:
        async with self._database.connection() as connection:
            await park(connection, self._database, "default", _serving({TYPE: ["1"]}), 10)

    async def unpark(self) -> None:
        async with self._database.connection() as connection:
            await unpark(connection, self._database, "default", _serving({TYPE: ["2"], "unheard.of": ["1"]}), 2)

    async def cancel(self) -> None:
        async with self._database.connection() as connection, connection.transaction():
            ids = await hold_unfinished(connection, self._database, self._some())
            await cancel(connection, self._database, ids, "tests")
        async with self._database.connection() as connection:
            await cancel_unheld(connection, self._database)

    async def replay(self) -> None:
        async with self._database.connection() as connection, connection.transaction():
            ids = await hold_replayable(connection, self._database, self._some())
            await replay(connection, self._database, ids, goes_on=self._chance.random() < 0.5)

    async def erase(self) -> None:
        async with self._database.connection() as connection, connection.transaction():
            ids = await hold_finished(connection, self._database, self._some())
            await erase(connection, self._database, ids)

    def _some(self) -> list[UUID]:
        return [event.id for event in self._chance.sample(self._sent, min(4, len(self._sent)))]

    async def fold(self) -> None:
        async def once() -> None:
            async with self._database.connection() as connection:
                await fold_tallies(connection, self._database)

        await asyncio.gather(once(), once())

    def acts(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self.accept,
            self.accept_again,
            self.claim,
            self.settle,
            self.lose,
            self.park,
            self.unpark,
            self.fold,
            self.cancel,
            self.replay,
            self.erase,
        ]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.integers(0, 10), min_size=5, max_size=40), seed=st.integers(0, 1 << 32))
async def test_the_ledger_adds_up_after_whatever_happened(
    storage: Storage, database: Database, acts: list[int], seed: int
) -> None:
    storage.clean()
    world = World(storage, database, random.Random(seed))

    for act in acts:
        await world.acts()[act]()
        assert_adds_up(*await ledger(database))


async def test_the_ledger_adds_up_at_every_moment_of_much_at_once(storage: Storage, database: Database) -> None:
    url = storage.services.database_url
    # Behind a pooler there is no lock timeout: on a busy machine, one world may wait for another for long.
    patient = Database(lambda: url, schema=storage.schema, pooler="transaction", connections=4)
    await patient.open()
    worlds = [World(storage, patient, random.Random(seed)) for seed in range(4)]

    async def live(world: World) -> None:
        for number in range(40):
            await world.acts()[number * 7 % 11]()

    async def watch() -> None:
        while living:
            assert_adds_up(*await ledger_at_once(database))

    living = [asyncio.create_task(live(world)) for world in worlds]
    for task in living:
        task.add_done_callback(living.remove)
    try:
        await asyncio.gather(watch(), *living)
    finally:
        await patient.close()


async def ledger_at_once(database: Database) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The ledger of one snapshot."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return await sum_tallies(connection, database), await recount(connection, database)


async def test_folding_leaves_one_row_a_state(storage: Storage, database: Database) -> None:
    await accept_many(database, 5)
    await store(database, *(succeeded(run) for run in await claim(database, storage.add_worker())))
    await accept_many(database, 2)

    async with database.connection() as connection:
        await fold_tallies(connection, database)

    rows = storage.rows("SELECT state, delta FROM headrace.tallies ORDER BY state")
    assert rows == [("accepted", 7), ("succeeded", 5)]
