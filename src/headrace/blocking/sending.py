"""Events out of users' own code, with or without a transaction of theirs."""

from collections.abc import Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from headrace.blocking.event import Event
from headrace.blocking.sessions import async_db_session, db_session
from headrace.engine import EventSchema
from headrace.engine.fit import check_fit
from headrace.engine.schema import classes
from headrace.flow.ingest.parse import type_of


def send(
    event: EventSchema | Mapping[str, Any], session: Session | None = None, *, deliver_at: datetime | None = None
) -> UUID:
    """Accept an event, and return its id. A mapping names its `type`. With `deliver_at` it waits until then.

    With a session, which may be that of the user's own models or the `sync_session` of an asynchronous one, the event
    is accepted when the session commits; else at once. Raises InvalidEvent without a usable type, SchemaMismatch for
    data that does not fit the class of its type, and ValueError for what has no JSON form and a time without a zone.
    """
    new = _new(event, deliver_at)
    event_id = new.id
    if session is not None:
        session.add(new)
        return event_id
    with contextmanager(db_session)() as own:
        own.add(new)
        own.commit()
    return event_id


async def send_async(
    event: EventSchema | Mapping[str, Any], session: AsyncSession | None = None, *, deliver_at: datetime | None = None
) -> UUID:
    """The same for asynchronous code."""
    new = _new(event, deliver_at)
    event_id = new.id
    if session is not None:
        session.add(new)
        return event_id
    async with asynccontextmanager(async_db_session)() as own:
        own.add(new)
        await own.commit()
    return event_id


def _new(event: EventSchema | Mapping[str, Any], deliver_at: datetime | None) -> Event:
    """The event to be stored, as a worker will read it."""
    data = event.model_dump(mode="json", by_alias=True) if isinstance(event, EventSchema) else dict(event)
    declared = classes.get(type_of(data))
    if declared is not None:
        check_fit(data, declared)
    return Event(data=data, deliver_at=deliver_at)
