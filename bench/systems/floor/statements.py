"""Headrace's own statements on one connection, in its batches, and nothing around them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from bench.load.bodies import Work
from headrace.domain.event import DEFAULT_QUEUE, NewEvent
from headrace.domain.ids import new_id
from headrace.domain.states import EventState
from headrace.store.database import Connection, Database, connect_options
from headrace.store.endings import FINISH
from headrace.store.events import insert_events
from headrace.store.runs import FORMAT
from headrace.store.workers import REGISTER, WorkerRow, registration

#: Events of an insert, of a claim and of a settlement: as many as Headrace claims at a time.
BATCH = 200

_CLAIM = "SELECT event_id, attempt, started, body FROM headrace.claim_due(%s, %s, %s, %s, %s)"

#: What a claim gives of a run: its event, its attempt, when that began, and the stored body.
Claimed = tuple[UUID, int, datetime, bytes]


#: What is stored as the result of an event with two steps.
CONTEXT = '{"beyond_body":{},"nodes":{"first":1234567,"second":1234568},"metadata":{}}'


class Floor:
    """What one connection does. `connection` is open, to tables that were made."""

    def __init__(self, connection: Connection, url: str) -> None:
        self._connection = connection
        self._database = Database(lambda: url, schema="headrace", pooler="none", connections=1)
        self._owner = new_id()

    async def register(self) -> None:
        """Take the lease that a claim asks for."""
        row = WorkerRow("worker", "bench", pid=1, connections=1, queues=[DEFAULT_QUEUE])
        await self._connection.execute(REGISTER, registration(self._owner, row, 3600.0))

    async def insert(self, events: Sequence[NewEvent]) -> None:
        """Store a batch. Bodies are compressed here, as the product does."""
        await insert_events(self._connection, self._database, events)

    async def claim(self) -> Sequence[Claimed]:
        """Take a batch; nothing when nothing is due. The bodies come along, and are left as they are."""
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(_CLAIM, [self._owner, DEFAULT_QUEUE, [Work.TWO_STEPS.value], FORMAT, BATCH])
            return await cursor.fetchall()

    async def settle(self, claimed: Sequence[Claimed]) -> None:
        """Store the results of a batch."""
        rows, nothing = sorted(claimed), [None] * len(claimed)
        arguments: dict[str, Any] = {
            "ids": [row[0] for row in rows],
            "owners": [self._owner] * len(rows),
            "run_numbers": [1] * len(rows),
            "attempts": [row[1] for row in rows],
            "states": [EventState.SUCCEEDED] * len(rows),
            "reasons": nothing,
            "nodes": nothing,
            "contexts": [CONTEXT] * len(rows),
            "errors": nothing,
            "started": [row[2] for row in rows],
            "now": rows[-1][2],
            "release": "",
        }
        async with self._connection.transaction():
            await self._connection.execute(FINISH, arguments)


async def open_floor(url: str) -> Floor:
    """The floor on a new connection that prepares its statements."""
    return Floor(await psycopg.AsyncConnection.connect(url, **connect_options("none")), url)
