"""Events that differ in all by which operators choose them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.event import Run
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Progress
from headrace.domain.settle import Delayed, Finished, Settled
from headrace.domain.states import EventState, Reason
from headrace.store.settle import settle
from tests.support.steps import accept, claim, new_event, output, succeeded
from tests.support.storage import Storage

#: What the event of the type `first` has, and no other: by the member of a request, which is the option of a command.
FIRST = {"type": "first", "code": "bad-total", "node": "charge", "release": "r1"}


def failed(run: Run, node: str = FIRST["node"], code: str = FIRST["code"]) -> Finished:
    """It failed in a node, with an output kept of the one before."""
    progress = Progress(checkpoints=(output("classify", '"other"'),))
    error = ErrorReport("ValueError", "no", code)
    return Finished(run, EventState.FAILED, None, error, node, Reason.NODE_FAILED, progress=progress)


def delayed(run: Run, node: str = FIRST["node"], code: str = FIRST["code"]) -> Delayed:
    """It waits an hour for the next try of a node."""
    later = utc_now() + timedelta(hours=1)
    return Delayed(run, later, Reason.RETRY, Progress({node: 1}), node, ErrorReport("ValueError", "no", code))


def accept_as(storage: Storage, type_: str, become: Callable[[Run], Settled], release: str = "r2") -> UUID:
    """Accept an event, let a worker of that release take it, and store what it comes to."""

    async def live() -> UUID:
        database = storage.open()
        await database.open()
        try:
            await accept(database, new_event(type_))
            [run] = await claim(database, storage.add_worker(), types=[type_])
            async with database.connection() as connection, connection.transaction():
                await settle(connection, database, [become(run)], utc_now(), release)
            return run.event_id
        finally:
            await database.close()

    return asyncio.run(live())


def accept_failed(storage: Storage) -> list[UUID]:
    """Two that failed, each in its own way, and one that succeeded."""
    return [
        accept_as(storage, "first", failed, FIRST["release"]),
        accept_as(storage, "second", lambda run: replace(failed(run, "reserve", "worse"), reason=Reason.WORKER_LOST)),
        accept_as(storage, "third", succeeded),
    ]


def accept_waiting(storage: Storage) -> list[UUID]:
    """Two that wait, each for its own reason after its own failure."""
    return [
        accept_as(storage, "first", delayed, FIRST["release"]),
        accept_as(storage, "second", lambda run: replace(delayed(run, "reserve", "worse"), reason=Reason.NO_PIPELINE)),
    ]
