"""Runs whose claim was never answered, so that their owner does not know of them."""

import asyncio

from headrace.engine import EventSchema, Pipeline
from headrace.store.database import Database
from tests.support.stages import working
from tests.support.steps import TYPE, accept_many
from tests.support.storage import Storage
from tests.support.waiting import eventually


class TicketOpened(EventSchema, type=TYPE):
    pass


async def test_a_process_that_is_full_gives_them_back(storage: Storage, database: Database) -> None:
    opened = asyncio.Event()

    @Pipeline("tickets", TicketOpened).node
    async def wait(event: TicketOpened) -> None:
        await opened.wait()

    [held] = await accept_many(database, 1)
    async with working(storage, concurrency=1) as worker:
        await eventually(lambda: storage.states([held]) == ["running"], "it is full")
        [stray] = await accept_many(database, 1)
        storage.rows("UPDATE headrace.runs SET owner = %s, state = 'running' WHERE event_id = %s", worker.id, stray)
        worker.executor._strays.suspect()  # noqa: SLF001  # as a claim whose answer is lost does
        await eventually(lambda: storage.states([held, stray]) == ["running", "queued"], "it is given back")
        opened.set()
        await eventually(lambda: storage.all_are("succeeded", [held, stray]), "both ran")
