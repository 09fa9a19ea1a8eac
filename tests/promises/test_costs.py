"""What an event costs, counted: statements, commits, messages. None of it depends on how quick the machine is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest
import redis

from bench.counters import count, start_counting
from bench.load.bodies import Body, make_bodies
from bench.rows.idle import REST_SECONDS
from bench.services import Services, running_services
from bench.systems.headrace.system import Headrace
from bench.waiting import until

pytestmark = [pytest.mark.services, pytest.mark.slow]

#: Sent in batches of 500, and drained by one process: enough for the pauses of a start not to count.
EVENTS = 4_000

#: Statements are counted for so long while nothing happens.
IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Spent:
    """So far: statements, transactions that wrote, messages in Redis."""

    statements: int
    commits: int
    messages: int


class Counting:
    def __init__(self, connection: psycopg.AsyncConnection, services: Services) -> None:
        self._connection = connection
        self._services = services

    async def spent(self) -> Spent:
        counted = await count(self._connection)
        next_transaction = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        [(transactions,)] = await (await self._connection.execute(next_transaction)).fetchall()
        with redis.Redis.from_url(self._services.redis_url) as client:
            sent = client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"]
        return Spent(counted.statements, transactions, sent)


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    async with running_services() as running:
        yield running


@pytest.fixture
async def counting(services: Services) -> AsyncIterator[Counting]:
    async with await services.connect() as connection:
        await start_counting(connection)
        yield Counting(connection, services)


async def test_events_share_statements_commits_and_messages(services: Services, counting: Counting) -> None:
    async with Headrace(services) as system:
        await system.start_api()
        before = await counting.spent()
        await system.fill(make_bodies(Body.SMALL, EVENTS))
        accepted = await counting.spent()
        await system.start_workers(1)

        async def all_are_finished() -> bool:
            return await system.finished() == EVENTS

        await until(all_are_finished, "all events are finished", 60.0)
        processed = await counting.spent()

    assert (accepted.statements - before.statements) / EVENTS < 0.01
    assert (accepted.commits - before.commits) / EVENTS < 0.01
    assert (processed.messages - before.messages) / EVENTS < 0.02
    assert (processed.statements - accepted.statements) / EVENTS < 0.1
    assert (processed.commits - accepted.commits) / EVENTS < 0.05


async def test_while_nothing_happens_little_is_asked(services: Services, counting: Counting) -> None:
    async with Headrace(services) as system:
        await system.start_api()
        await system.start_workers(2)
        await asyncio.sleep(REST_SECONDS)
        before = await counting.spent()
        await asyncio.sleep(IDLE_SECONDS)
        spent = await counting.spent()

    assert (spent.statements - before.statements) / IDLE_SECONDS < 4
    assert spent.messages == before.messages
