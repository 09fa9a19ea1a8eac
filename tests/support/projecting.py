"""A projector at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headrace.domain.making import MakingOptions
from headrace.flow.project.projector import Projector
from headrace.search.port import SearchCopy
from headrace.store.database import Database
from tests.support.storage import Storage
from tests.support.waiting import eventually

OPTIONS = MakingOptions()


@asynccontextmanager
async def projecting(database: Database, copy: SearchCopy) -> AsyncIterator[None]:
    """A projector at work."""
    projector = Projector(database, copy, OPTIONS, lambda: 0.5)
    running = asyncio.create_task(projector.run())
    projector.wake(leads=True, waiting=True)
    try:
        yield
    finally:
        projector.stop()
        await running


async def caught_up(database: Database, storage: Storage, copy: SearchCopy) -> None:
    """Project until nothing waits."""
    async with projecting(database, copy):
        count = "SELECT count(*) FROM headrace.projections"
        await eventually(lambda: storage.value(count) == 0, "all is projected")
    await copy.parts()
