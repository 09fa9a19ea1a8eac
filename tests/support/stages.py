"""The stages of a process, on the loop of the test."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.event import DEFAULT_QUEUE
from headrace.domain.ids import new_id
from headrace.domain.settle import Policy, Settled
from headrace.engine import NodeProcesses, NodeThreads, PipelineRegistry, Resources
from headrace.flow.execute import Executor, ExecutorSettings, Lane
from headrace.flow.execute.canceller import Canceller
from headrace.flow.execute.claim import Claimer
from headrace.flow.execute.completer import Completer
from headrace.flow.execute.keeper import Keeper
from headrace.flow.execute.notebook import Notebook
from headrace.flow.execute.perform import Performer
from headrace.flow.relay import Relay, RelayTimes
from headrace.store.heartbeat import Heartbeat, LeaseTimes
from headrace.store.look import LostDue
from headrace.store.workers import WorkerRow
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: Runs that a worker claims at once.
CLAIM_BATCH = 20

#: Ids that take part in a wake-up, with their queue.
Told = tuple[str, Sequence[UUID]]


@dataclass
class Worker:
    """An executor with its lease. `settled` is what it settled and still held, `told` what may run because of that."""

    executor: Executor
    heartbeat: Heartbeat
    settled: list[Settled]
    told: list[Told]

    @property
    def id(self) -> UUID:
        assert self.heartbeat.id is not None
        return self.heartbeat.id


@asynccontextmanager
async def working(
    storage: Storage,
    *,
    lane: Lane = Lane.SOUND,
    concurrency: int = 100,
    poll_seconds: float = 0.05,
    grace_seconds: float = 10.0,
    url: str | None = None,
) -> AsyncIterator[Worker]:
    """A worker that executes the pipelines declared so far; at the end it stops as a process does."""
    loop = asyncio.get_running_loop()
    database, threads = storage.open(url), NodeThreads(4)
    settled: list[Settled] = []
    told: list[Told] = []
    row = WorkerRow("worker", "test", 1, 1, queues=(DEFAULT_QUEUE,), types=PipelineRegistry.types())
    source = storage.services.database_url
    heartbeat = Heartbeat(
        lambda: source, row, LeaseTimes(60.0, 0.2), schema=storage.schema, pooler="none", clock=utc_now
    )
    performer = Performer(
        threads=threads,
        processes=NodeProcesses(),
        resources=Resources(),
        keeper=Keeper(database),
        notebook=Notebook(database, utc_now),
        canceller=Canceller(database),
        delay_cap_seconds=None,
        clock=utc_now,
        chance=lambda: 0.5,
    )
    executor = Executor(
        Claimer(database, (DEFAULT_QUEUE,), sorted(PipelineRegistry.types()), lane),
        performer,
        Completer(database, utc_now, "release-1", lambda queue, ids: told.append((queue, ids))),
        lambda: heartbeat.id,
        ExecutorSettings(concurrency, claim_batch=CLAIM_BATCH, poll_seconds=poll_seconds, lost_threads=8),
        settled.append,
    )
    await database.open()
    heartbeat.start(on_register=lambda: _hint(loop, executor))
    running = asyncio.create_task(executor.run())
    try:
        await eventually(lambda: heartbeat.id is not None, "the worker is registered")
        yield Worker(executor, heartbeat, settled, told)
    finally:
        executor.stop()
        await running
        await executor.finish(grace_seconds)
        await asyncio.to_thread(heartbeat.stop)
        threads.close()
        await performer.processes.close()
        await performer.resources.close()
        await database.close()


async def complete(completer: Completer, *settled: Settled) -> list[bool | BaseException]:
    """Add them in one go; what is heard of each, in their order."""
    heard: list[bool | BaseException] = []
    for each in settled:
        completer.add(each, lambda _, answer: heard.append(answer))
    await completer.drained(10.0)
    return heard


def _hint(loop: asyncio.AbstractEventLoop, executor: Executor) -> None:
    loop.call_soon_threadsafe(executor.hint)


@dataclass
class Lead:
    """A relay, what it told of, and what it said at each look of due runs that lost workers."""

    relay: Relay
    holder: UUID
    told: list[Told]
    lost_due: list[LostDue]


@asynccontextmanager
async def relaying(
    storage: Storage,
    *,
    settle_in_seconds: float = 0.0,
    policy: Policy | None = None,
    url: str | None = None,
) -> AsyncIterator[Lead]:
    """A relay at work, which ends in order."""
    database, holder = storage.open(url), new_id()
    told: list[Told] = []
    lost_due: list[LostDue] = []
    relay = Relay(
        database,
        holder,
        RelayTimes(settle_in_seconds),
        policy or Policy(),
        "release-1",
        lambda queue, ids: told.append((queue, ids)),
        (DEFAULT_QUEUE,),
        lambda view: lost_due.append(view.lost_due),
        discards=True,
    )
    await database.open()
    running = asyncio.create_task(relay.run())
    try:
        yield Lead(relay, holder, told, lost_due)
    finally:
        relay.stop()
        await running
        await database.close()
