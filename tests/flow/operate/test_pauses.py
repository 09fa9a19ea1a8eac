"""Pausing and resuming, with a worker and a relay at work."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from headrace.engine import Pipeline, PipelineRegistry
from headrace.engine.schema import EventSchema
from headrace.flow.operate import Operator
from headrace.store.database import Database
from headrace.store.pausing import Scope, Target
from tests.support.stages import relaying, working
from tests.support.steps import TYPE, accept, new_event
from tests.support.storage import Storage
from tests.support.waiting import eventually

EVERYTHING, TICKETS = Target(Scope.ALL), Target(Scope.TYPE, TYPE)


@pytest.fixture
def gate() -> Iterator[asyncio.Event]:
    """Opens the node of the only pipeline."""
    with PipelineRegistry.isolated():

        class TicketOpened(EventSchema, type=TYPE):
            pass

        tickets, opened = Pipeline("tickets", TicketOpened), asyncio.Event()

        @tickets.node
        async def answer(event: TicketOpened) -> str:
            await opened.wait()
            return event.type

        yield opened


async def test_what_runs_goes_on_and_what_comes_waits_until_it_is_resumed(
    storage: Storage, database: Database, operator: Operator, gate: asyncio.Event
) -> None:
    async with relaying(storage), working(storage, concurrency=1):
        running = await accept(database, new_event())
        await eventually(lambda: storage.all_are("running", running), "it runs")
        assert await operator.pause([EVERYTHING]) == [EVERYTHING]
        gate.set()
        coming = await accept(database, new_event(), new_event())
        await eventually(lambda: storage.all_are("waiting", coming), "they wait")
        assert {storage.run(event_id)["reason"] for event_id in coming} == {"paused"}
        assert storage.states(running) == ["succeeded"]

        assert await operator.resume([EVERYTHING]) == 1
        await eventually(lambda: storage.all_are("succeeded", coming), "they ran")


async def test_a_relay_sets_a_long_backlog_aside_and_brings_it_back(
    storage: Storage, database: Database, operator: Operator
) -> None:
    ids: list[UUID] = await accept(database, *(new_event() for _ in range(3500)))
    storage.add_worker(types={TYPE: "1"})
    await operator.pause([TICKETS])

    async with relaying(storage):
        await eventually(lambda: storage.all_are("waiting", ids), "all are set aside")
        await operator.resume([TICKETS])
        await eventually(lambda: storage.all_are("queued", ids), "all are back")


async def test_pauses_are_listed_and_audited_where_they_changed_something(storage: Storage, operator: Operator) -> None:
    slow = Target(Scope.QUEUE, "slow")

    assert await operator.pause([TICKETS, slow]) == [TICKETS, slow]
    assert await operator.pause([TICKETS]) == []
    assert [paused.target for paused in await operator.paused()] == [slow, TICKETS]
    assert await operator.resume([slow]) == 1
    assert await operator.resume([slow]) == 0

    assert storage.rows("SELECT act, actor, detail FROM headrace.audit ORDER BY id") == [
        ("pause", "tests", {"targets": [{"scope": "type", "name": TYPE}, {"scope": "queue", "name": "slow"}]}),
        ("resume", "tests", {"targets": [{"scope": "queue", "name": "slow"}]}),
    ]
