"""Killing a worker process at its busiest, and knowing what it held."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import psutil

from headrace.demo.tables import busiest_worker
from headrace.demo.waiting import LOOK_SECONDS
from headrace.store.database import Connection

#: The demo is about at least so many runs that lose their worker.
FEWEST_HIT = 10

#: A process is killed when it holds so many: what it finishes in that very moment is not hit.
HELD_FOR_KILL = 16


@dataclass(frozen=True, slots=True)
class Kill:
    """A worker process that was killed, and the events whose runs it held right before."""

    process_id: int
    held: frozenset[UUID]


async def kill_when_busy(connection: Connection, supervisor: psutil.Process, over: asyncio.Event) -> Kill | None:
    """SIGKILL the first of the supervisor's processes that holds enough runs; None if none does before it is over."""
    while not over.is_set():
        found = await busiest_worker(connection)
        if found is not None and len(found[1]) >= HELD_FOR_KILL:
            process_id, held = found
            for process in supervisor.children():
                if process.pid == process_id:
                    process.kill()
                    return Kill(process_id, frozenset(held))
        await asyncio.sleep(LOOK_SECONDS)
    return None
