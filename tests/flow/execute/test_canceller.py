"""Runs that are cancelled while a worker holds them."""

import asyncio
from collections import Counter
from uuid import UUID

import psycopg
import pytest

from chaos.proxy import Proxy
from headrace.domain.progress import Progress
from headrace.domain.settle import Finished, Released
from headrace.domain.states import EventState
from headrace.engine import EventSchema, Pipeline
from headrace.flow.execute.canceller import Canceller
from headrace.store.cancelling import Cancelled, cancel
from headrace.store.database import Database
from headrace.store.replaying import replay
from tests.support.stages import relaying, working
from tests.support.steps import TYPE, accept_many, claim, hold_unfinished, output, paused, store, succeeded, suspended
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: A run that somebody holds is cancelled within so long.
SOON_SECONDS = 2.0


class TicketOpened(EventSchema, type=TYPE):
    pass


class Gate:
    """A pipeline whose node waits until it is opened; `running` counts the calls that do."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.running = 0
        pipeline = Pipeline("gate", TicketOpened)

        @pipeline.node
        async def begin(event: TicketOpened) -> int:
            return 1

        @pipeline.node
        async def wait(begin: int) -> int:
            self.running += 1
            try:
                await self.is_open.wait()
            finally:
                self.running -= 1
            return begin + 1


async def ask(database: Database, *ids: UUID) -> Cancelled:
    async with database.connection() as connection, connection.transaction():
        held = await hold_unfinished(connection, database, ids)
        return await cancel(connection, database, held, "somebody")


async def reach(storage: Storage, state: str, *ids: UUID, within_seconds: float = SOON_SECONDS) -> None:
    await eventually(lambda: storage.all_are(state, ids), f"all events are {state}", within_seconds)


def rows(storage: Storage, table: str) -> int:
    return int(storage.value(f"SELECT count(*) FROM headrace.{table}"))  # noqa: S608  # a table of ours


def check_ledger(storage: Storage, accepted: int) -> Counter[str]:
    """The counts by state of what is finished, which are what the ledger says."""
    told = dict(storage.rows("SELECT state, sum(delta)::int FROM headrace.tallies GROUP BY state"))
    counted = Counter(state for (state,) in storage.rows("SELECT state FROM headrace.results"))
    assert told == {"accepted": accepted, **counted}
    assert rows(storage, "runs") + counted.total() == accepted
    return counted


async def test_a_run_ends_and_what_it_finished_is_kept_and_its_neighbours_go_on(
    storage: Storage, database: Database
) -> None:
    gate = Gate()
    ids = await accept_many(database, 5)
    async with working(storage) as worker:
        await eventually(lambda: gate.running == 5, "all run")

        assert await ask(database, ids[0]) == Cancelled(frozenset(), frozenset(ids[:1]))

        await reach(storage, "cancelled", ids[0])
        assert gate.running == 4
        await eventually(lambda: len(worker.settled) == 1, "that is told")
        gate.is_open.set()
        await reach(storage, "succeeded", *ids[1:])
    result = storage.result(ids[0])
    assert (result["error"], result["node"], result["reason"]) == (None, None, None)
    assert (result["attempt"], result["task_context"]["nodes"]) == (1, {"begin": 1})
    assert storage.rows("SELECT event_id, node FROM headrace.checkpoints") == [(ids[0], "begin")]
    assert storage.attempts(ids[0]) == []
    assert [(type(settled), settled.run.event_id) for settled in worker.settled[:1]] == [(Finished, ids[0])]
    assert check_ledger(storage, 5) == {"cancelled": 1, "succeeded": 4}


async def test_a_short_run_costs_no_statement(storage: Storage, database: Database) -> None:
    Gate().is_open.set()
    async with working(storage) as worker:
        with psycopg.connect(storage.services.migrate_database_url) as connection:
            connection.execute(storage.sql("LOCK TABLE headrace.cancellations IN ACCESS EXCLUSIVE MODE"))
            ids = await accept_many(database, 3)
            await eventually(lambda: len(worker.settled) == 3, "all are settled")
    assert storage.all_are("succeeded", ids)


async def test_after_a_look_that_failed_the_next_one_comes(storage: Storage, database: Database) -> None:
    gate = Gate()
    [event_id] = await accept_many(database, 1)
    with Proxy(storage.services.database_url) as proxy:
        async with working(storage, url=proxy.url):
            await eventually(lambda: gate.running == 1, "it runs")
            proxy.lose_reply_to(b".cancellations")
            await ask(database, event_id)

            await reach(storage, "cancelled", event_id, within_seconds=20.0)

    assert proxy.replies_lost == 1


async def test_a_worker_that_was_idle_meanwhile_looks_again(storage: Storage, database: Database) -> None:
    gate = Gate()
    async with working(storage) as worker:
        for _ in range(2):
            [event_id] = await accept_many(database, 1)
            await eventually(lambda: gate.running == 1, "it runs")
            await ask(database, event_id)
            await reach(storage, "cancelled", event_id)
            looking = worker.executor._performer.canceller  # noqa: SLF001  # to see it end
            await eventually(lambda: looking._looking is None, "it looks no more")  # noqa: B023, SLF001


async def test_a_run_that_went_to_wait_meanwhile_is_cancelled_by_the_relay(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept_many(database, 1)
    [run] = await claim(database, storage.add_worker())
    await ask(database, event_id)
    await store(database, suspended(run, paused("nap"), checkpoints=[output("first")]))

    async with relaying(storage):
        await reach(storage, "cancelled", event_id)
        await eventually(lambda: rows(storage, "cancellations") == 0, "nothing is asked any more")

    assert (rows(storage, "waits"), rows(storage, "checkpoints")) == (0, 1)
    assert check_ledger(storage, 1) == {"cancelled": 1}


async def test_a_run_that_was_given_back_is_cancelled_by_the_relay_or_its_next_worker(
    storage: Storage, database: Database
) -> None:
    gate = Gate()
    ids = await accept_many(database, 2)
    first, second = await claim(database, storage.add_worker())
    await ask(database, *ids)
    await store(database, Released(first, Progress()), Released(second, Progress()))
    [taken] = await claim(database, storage.add_worker(), most=1)

    async with relaying(storage):
        left = next(event_id for event_id in ids if event_id != taken.event_id)
        await reach(storage, "cancelled", left)
        await store(database, Released(taken, Progress()))
        await reach(storage, "cancelled", taken.event_id)
        await eventually(lambda: rows(storage, "cancellations") == 0, "nothing is asked any more")

    assert gate.running == 0
    assert check_ledger(storage, 2) == {"cancelled": 2}


async def test_a_run_of_another_worker_is_left_to_that(storage: Storage, database: Database) -> None:
    gate = Gate()
    [event_id] = await accept_many(database, 1)
    other = storage.add_worker()
    async with working(storage) as worker:
        await eventually(lambda: gate.running == 1, "it runs")
        storage.rows("UPDATE headrace.runs SET owner = %s, attempt = attempt + 1 WHERE event_id = %s", other, event_id)
        await ask(database, event_id)
        gate.is_open.set()
        await eventually(lambda: worker.executor.in_flight == 0, "the attempt has ended")
        assert worker.settled == []
    assert storage.run(event_id)["owner"] == other


async def test_an_attempt_from_before_a_replay_is_told_apart_from_the_one_after(
    storage: Storage, database: Database
) -> None:
    [event_id] = await accept_many(database, 1)
    [stale] = await claim(database, storage.add_worker())
    await store(database, succeeded(stale))
    async with database.connection() as connection, connection.transaction():
        await replay(connection, database, [event_id], goes_on=False)
    [live] = await claim(database, stale.owner)
    ended, canceller = list[str](), Canceller(database)

    canceller.begin(live, lambda: ended.append("live"))
    canceller.begin(stale, lambda: ended.append("stale"))
    await ask(database, event_id)
    await eventually(lambda: bool(ended), "one of them is ended")
    canceller.end(stale)
    ended_before = len(ended)
    await eventually(lambda: len(ended) > ended_before, "the other is still looked after")
    canceller.close()

    assert set(ended) == {"live"}


@pytest.mark.parametrize("seconds", [0.0, 0.4, 0.6])
async def test_runs_that_finish_at_the_same_moment_are_one_or_the_other(
    storage: Storage, database: Database, seconds: float
) -> None:
    gate = Gate()
    ids = await accept_many(database, 60)
    async with working(storage), relaying(storage):
        await eventually(lambda: gate.running == 60, "all run")
        asyncio.get_running_loop().call_later(seconds, gate.is_open.set)
        for at in range(0, 60, 10):
            await ask(database, *ids[at : at + 10])
        await eventually(lambda: rows(storage, "runs") == 0, "all are finished")
        await eventually(lambda: rows(storage, "cancellations") == 0, "nothing is asked any more")
    counted = check_ledger(storage, 60)
    assert counted[EventState.SUCCEEDED] + counted[EventState.CANCELLED] == 60


async def test_what_a_replay_began_anew_is_not_cancelled_by_what_was_asked_before(
    storage: Storage, database: Database
) -> None:
    gate = Gate()
    [event_id] = await accept_many(database, 1)
    storage.rows(
        "INSERT INTO headrace.cancellations (event_id, run_number, actor) VALUES (%s, 0, 'somebody')", event_id
    )
    async with working(storage), relaying(storage):
        await eventually(lambda: rows(storage, "cancellations") == 0, "what is over is forgotten")
        await eventually(lambda: gate.running == 1, "it runs")
        gate.is_open.set()
        await reach(storage, "succeeded", event_id)
