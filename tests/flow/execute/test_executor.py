"""A worker's loop: from due runs to stored results."""

import asyncio
import threading
from datetime import timedelta
from uuid import UUID

import psycopg
from pydantic import field_validator

from chaos.proxy import Proxy
from headrace.domain.settle import Delayed, Finished
from headrace.engine import EventSchema, Pipeline
from headrace.errors import RetryAfter
from headrace.store.database import Database
from headrace.store.runs import retry_now
from tests.support.stages import CLAIM_BATCH, working
from tests.support.steps import accept, accept_many, new_event
from tests.support.storage import Storage
from tests.support.waiting import eventually


class TicketOpened(EventSchema, type="ticket.opened"):
    subject: str = "no light"


class Gate:
    """A pipeline whose node waits until it is opened; `runs` counts how often it began."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.runs = 0
        pipeline = Pipeline("gate", TicketOpened)

        @pipeline.node
        async def wait(event: TicketOpened) -> str:
            self.runs += 1
            await self.is_open.wait()
            return event.subject


def failing(*, retries: int | None = None, backoff: list[float] | None = None) -> None:
    """Declare a pipeline whose node always fails."""
    pipeline = Pipeline("failing", TicketOpened)

    @pipeline.node(retries=retries, backoff=backoff)
    async def fail(event: TicketOpened) -> None:
        raise ValueError("not today")


async def reach(storage: Storage, state: str, ids: list[UUID]) -> None:
    await eventually(lambda: storage.all_are(state, ids), f"all events are {state}")


async def test_an_event_becomes_a_stored_result(storage: Storage, database: Database) -> None:
    Gate().is_open.set()
    event = new_event(subject="hello")
    await accept(database, event)

    async with working(storage) as worker:
        await reach(storage, "succeeded", [event.id])

    result = storage.result(event.id)
    assert result["task_context"]["nodes"] == {"wait": "hello"}
    assert result["task_context"]["beyond_body"] == {}
    assert "event" not in result["task_context"]
    assert (result["attempt"], result["release"]) == (1, "release-1")
    assert [type(settled) for settled in worker.settled] == [Finished]


async def test_many_events_are_in_flight_at_once(storage: Storage, database: Database) -> None:
    gate = Gate()
    ids = await accept_many(database, 50)

    async with working(storage) as worker:
        await eventually(lambda: gate.runs == 50, "all nodes began")
        assert worker.executor.in_flight == 50
        gate.is_open.set()
        await reach(storage, "succeeded", ids)


async def test_no_more_are_in_flight_than_allowed(storage: Storage, database: Database) -> None:
    gate = Gate()
    ids = await accept_many(database, 10)

    async with working(storage, concurrency=3) as worker:
        await eventually(lambda: gate.runs == 3, "three nodes began")
        assert storage.value("SELECT count(*) FROM headrace.runs WHERE state = 'running'") == 3
        assert worker.executor.in_flight == 3
        gate.is_open.set()
        await reach(storage, "succeeded", ids)


async def test_what_would_wait_for_a_thread_is_left_to_others(storage: Storage, database: Database) -> None:
    opened = threading.Event()
    pipeline = Pipeline("sync", TicketOpened)

    @pipeline.node
    def wait(event: TicketOpened) -> None:
        opened.wait(60.0)

    ids = await accept_many(database, 3 * CLAIM_BATCH)
    async with working(storage, poll_seconds=600.0) as first:
        await eventually(lambda: first.executor.in_flight > 0, "a claim was made")
        async with working(storage, poll_seconds=600.0) as second:
            await eventually(lambda: second.executor.in_flight > 0, "something was left")
            opened.set()
            await reach(storage, "succeeded", ids)


async def test_a_hint_is_heeded_without_waiting_for_the_next_look(storage: Storage, database: Database) -> None:
    Gate().is_open.set()
    async with working(storage, poll_seconds=600.0) as worker:
        ids = await accept_many(database, 3)

        worker.executor.hint(ids)

        await reach(storage, "succeeded", ids)


async def test_what_nobody_told_of_is_found(storage: Storage, database: Database) -> None:
    Gate().is_open.set()
    async with working(storage):
        await reach(storage, "succeeded", await accept_many(database, 3))


async def test_a_failing_node_is_tried_again_and_at_last_fails_its_event(storage: Storage, database: Database) -> None:
    failing(backoff=[3600.0, 3600.0])
    [event_id] = await accept(database, new_event())

    async with working(storage) as worker:
        await reach(storage, "waiting", [event_id])
        run = storage.run(event_id)
        assert (run["reason"], run["failures"], run["attempt"]) == ("retry", {"fail": 1}, 1)
        assert run["rank"] - run["since"] > timedelta(minutes=50)
        for _ in range(2):
            await eventually(lambda: storage.states([event_id]) == ["waiting"], "it waits")
            async with database.connection() as connection:
                assert await retry_now(connection, database, [event_id]) == {event_id: "default"}
            await eventually(lambda: storage.states([event_id]) != ["queued"], "it was tried again")
        await reach(storage, "failed", [event_id])

    result = storage.result(event_id)
    assert (result["reason"], result["node"], result["attempt"]) == ("node-failed", "fail", 3)
    assert (result["error"]["type"], result["error"]["message"]) == ("ValueError", "not today")
    assert storage.attempts(event_id) == [(number, "failed", "fail") for number in (1, 2, 3)]
    assert [type(settled) for settled in worker.settled] == [Delayed, Delayed, Finished]


async def test_an_event_that_fits_no_schema_is_set_aside(storage: Storage, database: Database) -> None:
    Gate().is_open.set()
    bad, good = new_event(subject=[1]), new_event()
    await accept(database, bad, good)

    async with working(storage) as worker:
        await reach(storage, "succeeded", [good.id])
        await reach(storage, "waiting", [bad.id])
        announced = storage.value("SELECT types ->> 'ticket.opened' FROM headrace.workers WHERE id = %s", worker.id)

    run = storage.run(bad.id)
    assert (run["reason"], run["schema_hash"], run["rank"]) == ("schema-mismatch", announced, None)
    assert storage.attempts(bad.id) == [(1, "unfit", None)]
    assert "subject" in storage.value("SELECT error::text FROM headrace.attempts")


async def test_what_is_unfinished_at_the_end_of_the_grace_is_given_back_uncharged(
    storage: Storage, database: Database
) -> None:
    gate = Gate()
    ids = await accept_many(database, 3)

    async with working(storage, grace_seconds=0.0):
        await eventually(lambda: gate.runs == 3, "all nodes began")

    for event_id in ids:
        run = storage.run(event_id)
        assert (run["state"], run["owner"], run["attempt"]) == ("queued", None, 1)
        assert (run["failures"], run["losses"]) == ({}, 0)
    assert storage.value("SELECT count(*) FROM headrace.workers") == 0


async def test_what_can_finish_in_the_grace_finishes(storage: Storage, database: Database) -> None:
    gate = Gate()
    ids = await accept_many(database, 3)

    async with working(storage) as worker:
        await eventually(lambda: gate.runs == 3, "all nodes began")
        worker.executor.stop()
        gate.is_open.set()

    assert storage.all_are("succeeded", ids)


async def test_a_claim_that_was_under_way_at_the_stop_is_given_back(storage: Storage, database: Database) -> None:
    Gate()
    [event_id] = await accept_many(database, 1)
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'headrace.runs'::regclass AND NOT granted"

    with psycopg.connect(storage.services.migrate_database_url) as connection:
        connection.execute(storage.sql("LOCK TABLE headrace.runs IN SHARE MODE"))
        async with working(storage, grace_seconds=0.0) as worker:
            await eventually(lambda: storage.value(waiting) == 1, "a claim waits")
            worker.executor.stop()
            connection.commit()

    run = storage.run(event_id)
    assert (run["state"], run["owner"], run["attempt"], run["losses"]) == ("queued", None, 1, 0)


async def test_the_result_of_a_run_that_was_taken_over_is_discarded(storage: Storage, database: Database) -> None:
    gate = Gate()
    [event_id] = await accept_many(database, 1)

    async with working(storage) as first:
        await eventually(lambda: gate.runs == 1, "the node began")
        first.executor.stop()
        storage.rows("UPDATE headrace.runs SET owner = NULL, state = 'queued' WHERE event_id = %s", event_id)
        async with working(storage) as second:
            await eventually(lambda: gate.runs == 2, "the node began elsewhere")
            gate.is_open.set()
            await reach(storage, "succeeded", [event_id])

    assert (len(first.settled), len(second.settled)) == (0, 1)
    assert storage.result(event_id)["attempt"] == 2


async def test_results_are_kept_until_the_database_is_back(storage: Storage, database: Database) -> None:
    gate = Gate()
    ids = await accept_many(database, 3)
    with Proxy(storage.services.database_url) as proxy:
        async with working(storage, url=proxy.url) as worker:
            await eventually(lambda: gate.runs == 3, "all nodes began")
            proxy.refuse()
            gate.is_open.set()
            await eventually(lambda: proxy.refused > 0, "the database was looked for")
            assert storage.all_are("running", ids)
            proxy.admit()
            await reach(storage, "succeeded", ids)

    assert gate.runs == 3
    assert len(worker.settled) == 3


async def test_a_result_whose_answer_was_lost_is_stored_once(storage: Storage, database: Database) -> None:
    gate = Gate()
    [event_id] = await accept_many(database, 1)
    with Proxy(storage.services.database_url) as proxy:
        async with working(storage, url=proxy.url, poll_seconds=600.0):
            await eventually(lambda: gate.runs == 1, "the node began")
            proxy.lose_reply_to(b"COMMIT")
            gate.is_open.set()
            await reach(storage, "succeeded", [event_id])
            await eventually(lambda: proxy.replies_lost == 1, "an answer was lost")

    assert gate.runs == 1
    assert storage.value("SELECT sum(delta) FROM headrace.tallies WHERE state = 'succeeded'") == 1


class Picky(EventSchema, type="ticket.opened"):
    @field_validator("type")
    @classmethod
    def stumble(cls, value: str) -> str:
        raise RuntimeError(f"did not expect {value}")


async def test_a_validator_that_breaks_parks_the_event_and_holds_nothing(storage: Storage, database: Database) -> None:
    Pipeline("picky", Picky)
    event = new_event()
    await accept(database, event)

    async with working(storage) as worker:
        await reach(storage, "waiting", [event.id])
        await eventually(lambda: worker.executor.in_flight == 0, "the process holds nothing")

    assert storage.run(event.id)["reason"] == "schema-mismatch"


async def test_an_absurd_wait_that_a_node_asks_for_is_an_ordinary_failure(storage: Storage, database: Database) -> None:
    pipeline = Pipeline("absurd", TicketOpened)

    @pipeline.node(retries=0)
    async def ask(event: TicketOpened) -> None:
        raise RetryAfter(10**400)

    event = new_event()
    await accept(database, event)

    async with working(storage):
        await reach(storage, "failed", [event.id])
