"""Idempotency keys that somebody else is using."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headrace.domain.event import NewEvent
from headrace.store.events import insert_events
from tests.support.storage import Storage


@asynccontextmanager
async def in_flight(storage: Storage, *events: NewEvent) -> AsyncIterator[None]:
    """Another process has stored these events, and has not committed."""
    database = storage.open()
    await database.open()
    try:
        async with database.connection() as connection, connection.transaction(force_rollback=True):
            await insert_events(connection, database, events)
            yield
    finally:
        await database.close()
