"""The parts of each kind of process, and how they hang together."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from uuid import UUID

import psycopg

from headrace.bootstrap.app import load_app
from headrace.bootstrap.database import open_database
from headrace.bootstrap.declaring import declare_schedules
from headrace.bootstrap.measures import measure_process, measure_relay, measure_worker
from headrace.bootstrap.results import celery_app
from headrace.bootstrap.searching import COPY_CONNECTIONS, copy_name, keeping_the_copy, make_copy, make_searcher
from headrace.broker.health import redis_problem
from headrace.domain.clock import Clock, utc_now
from headrace.domain.ids import new_id
from headrace.domain.settle import Policy, Settled
from headrace.engine import NodeProcesses, NodeThreads, PipelineRegistry, Resources
from headrace.flow.execute import TOGETHER, Executor, ExecutorSettings, Lane
from headrace.flow.execute.canceller import Canceller
from headrace.flow.execute.claim import Claimer
from headrace.flow.execute.completer import Completer
from headrace.flow.execute.keeper import Keeper
from headrace.flow.execute.notebook import Notebook
from headrace.flow.execute.perform import Performer
from headrace.flow.ingest import Ingest, Room
from headrace.flow.operate import Operator, Scheduler
from headrace.flow.read import HealthCheck, Reader, Searcher
from headrace.flow.relay import ALONE_ROLE, Relay, RelayTimes
from headrace.search.port import SearchCopy
from headrace.settings import Settings
from headrace.store.database import Database
from headrace.store.heartbeat import Heartbeat, LeaseTimes
from headrace.store.look import LostDue, View
from headrace.store.partitions import ensure_partitions
from headrace.store.workers import Measure, WorkerRow

#: Connections of the pool of an API process and of a worker process; the heartbeat has one more of its own.
API_CONNECTIONS, WORKER_CONNECTIONS, RELAY_CONNECTIONS = 5, 4, 1

#: Connections of an API for acts on events, which may take long, apart from those that accept and read.
ACT_CONNECTIONS = 2

#: How the audit calls whoever acts through the API.
API_ACTOR = "api"

#: Seconds between two looks for missing partitions, and after one that failed.
PARTITIONS_SECONDS, AGAIN_SECONDS = 3600.0, 30.0

#: An API that starts waits so long for the database's time, and answers without it then: with refusals.
FIRST_BEAT_SECONDS = 2.0

#: How much longer than a heartbeat's interval a new relay leader lets workers renew before it calls them dead.
SETTLE_IN = 1.2


@dataclass(frozen=True, slots=True)
class ApiServices:
    """What an API process has: `ingest` stores, `read` answers, `operate` acts on events and
    `schedule` on schedules; `room` is there for so much at once.

    `search` asks the `copy`; both are None where search is off.
    """

    settings: Settings
    modules: Sequence[ModuleType]
    ingest: Ingest
    read: Reader
    copy: SearchCopy | None
    search: Searcher | None
    operate: Operator
    schedule: Scheduler
    room: Room = field(default_factory=Room)


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[ApiServices]:
    """The parts of an API process, open until the end of the context."""
    modules = load_app(settings)
    database, for_acts = open_database(settings, API_CONNECTIONS), open_database(settings, ACT_CONNECTIONS)
    connections = API_CONNECTIONS + ACT_CONNECTIONS + 1 + settings.user_connections
    heartbeat = make_heartbeat(settings, "api", connections)
    ingest = Ingest(database, celery_app.hints.offer, utc_now, lambda: heartbeat.clock_offset_seconds)

    async def check_redis() -> HealthCheck:
        problem = await redis_problem(settings.redis_url)
        return HealthCheck("redis", ok=problem is None, detail=problem or "answers", required=False)

    copy = make_copy(settings, for_acts) if settings.search else None
    await database.open()
    await for_acts.open()
    heartbeat.start()
    await asyncio.to_thread(heartbeat.wait, FIRST_BEAT_SECONDS)
    partitions = asyncio.create_task(_keep_partitions(database))
    try:
        operate = Operator(for_acts, celery_app.hints.offer, API_ACTOR)
        schedule = Scheduler(for_acts, celery_app.hints.offer, API_ACTOR, ingest.now)
        read = Reader(database, [check_redis], copy_name(settings))
        search = None if copy is None else make_searcher(settings, database, copy)
        yield ApiServices(settings, modules, ingest, read, copy, search, operate, schedule)
    finally:
        if copy is not None:
            await copy.close()
        partitions.cancel()
        await ingest.close()
        heartbeat.stop()
        celery_app.hints.close()
        await for_acts.close()
        await database.close()


@dataclass(frozen=True, slots=True)
class WorkerServices:
    """What a worker process has: `executor` does the work, `heartbeat` holds its lease."""

    executor: Executor
    heartbeat: Heartbeat
    threads: NodeThreads


@asynccontextmanager
async def open_worker(
    settings: Settings, lane: Lane, launch: UUID | None, alive: Callable[[], bool], tell: Callable[[Settled], None]
) -> AsyncIterator[WorkerServices]:
    """The parts of a worker process, open until the end of the context. `tell` hears of each settled run."""
    load_app(settings, secrets=True)
    database = open_database(settings, WORKER_CONNECTIONS)
    threads = NodeThreads(settings.worker_threads)
    heartbeat = make_heartbeat(
        settings,
        ROLES[lane],
        WORKER_CONNECTIONS + 1 + settings.user_connections,
        executes=True,
        launch=launch,
        alive=alive,
        measure=lambda: measure_worker(executor, threads),
    )

    def clock() -> datetime:
        """The database's time: a host whose clock is off must not move a retry."""
        now, offset = utc_now(), heartbeat.clock_offset
        return now if offset is None else now + offset

    performer = _make_performer(settings, database, threads, clock)
    completer = Completer(database, clock, settings.release, celery_app.hints.offer)
    claimer = Claimer(database, settings.queues, sorted(PipelineRegistry.types()), lane)
    executor = Executor(claimer, performer, completer, lambda: heartbeat.id, _bounds(settings, lane), tell)
    await database.open()
    try:
        yield WorkerServices(executor, heartbeat, threads)
    finally:
        heartbeat.stop()
        threads.close()
        await performer.processes.close()
        await performer.resources.close()
        celery_app.hints.close()
        await database.close()


def _bounds(settings: Settings, lane: Lane) -> ExecutorSettings:
    return ExecutorSettings(
        concurrency=min(settings.worker_concurrency, TOGETHER.get(lane, settings.worker_concurrency)),
        claim_batch=settings.claim_batch,
        poll_seconds=settings.poll_seconds,
        lost_threads=settings.lost_threads,
    )


def _make_performer(settings: Settings, database: Database, threads: NodeThreads, clock: Clock) -> Performer:
    return Performer(
        threads=threads,
        processes=NodeProcesses(),
        resources=Resources(),
        keeper=Keeper(database),
        notebook=Notebook(database, clock),
        canceller=Canceller(database),
        delay_cap_seconds=settings.retry_delay_cap_seconds,
        clock=clock,
        chance=random.random,
    )


def _do_nothing(_: object) -> None:
    """Where nobody needs to hear."""


@asynccontextmanager
async def open_relay(
    settings: Settings, on_lost: Callable[[LostDue], None] = _do_nothing, *, declares: bool = False
) -> AsyncIterator[Relay]:
    """A relay on a connection of its own. `on_lost` hears, once a look, which runs that lost workers are due.

    It `declares` the schedules of the user's program where that is loaded.
    """
    database = open_database(settings, RELAY_CONNECTIONS)
    holder = new_id()
    connections = RELAY_CONNECTIONS + 1 + (COPY_CONNECTIONS if settings.search else 0)
    heartbeat = make_heartbeat(settings, "relay", connections, measure=lambda: measure_relay(holder))
    await database.open()
    heartbeat.start()
    declaring = asyncio.create_task(declare_schedules(settings, database)) if declares else None
    try:
        async with keeping_the_copy(settings) if settings.search else nullcontext(_do_nothing) as keep:

            def on_look(view: View) -> None:
                on_lost(view.lost_due)
                keep(view)

            yield Relay(
                database,
                holder,
                RelayTimes(settings.renew_seconds * SETTLE_IN),
                Policy(),
                settings.release,
                celery_app.hints.offer,
                settings.queues,
                on_look,
                discards=not settings.search,
            )
    finally:
        if declaring is not None:
            declaring.cancel()
        heartbeat.stop()
        celery_app.hints.close()
        await database.close()


#: How processes that execute are called in `workers`.
ROLES = {Lane.SOUND: "worker", Lane.LOST: "isolated", Lane.ALONE: ALONE_ROLE, Lane.ALL: "stock"}


async def _keep_partitions(database: Database) -> None:
    """Also without a relay, what is accepted finds its partition."""
    while True:
        try:
            async with database.connection() as connection:
                await ensure_partitions(connection, database)
            await asyncio.sleep(PARTITIONS_SECONDS)
        except psycopg.Error:
            await asyncio.sleep(AGAIN_SECONDS)


def make_heartbeat(
    settings: Settings,
    role: str,
    connections: int,
    *,
    executes: bool = False,
    launch: UUID | None = None,
    alive: Callable[[], bool] = lambda: True,
    measure: Callable[[], Mapping[str, Measure]] = measure_process,
) -> Heartbeat:
    """The heartbeat of this process; one that executes announces its queues and types."""
    row = WorkerRow(
        role=role,
        host=socket.gethostname(),
        pid=os.getpid(),
        connections=connections,
        launch=launch,
        release=settings.release,
        queues=settings.queues if executes else (),
        types=PipelineRegistry.types() if executes else {},
    )
    return Heartbeat(
        settings.database_source(),
        row,
        LeaseTimes(settings.lease_seconds, settings.renew_seconds),
        schema=settings.database_schema,
        pooler=settings.database_pooler,
        clock=utc_now,
        alive=alive,
        measure=measure,
    )
