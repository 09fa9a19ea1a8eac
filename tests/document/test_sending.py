"""`send` and `send_async`: events out of a reader's own code."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from pydantic import Field
from sqlalchemy.orm import Session

from headrace import EventSchema, PipelineRegistry, async_db_session, send, send_async
from headrace.engine.schema import classes
from headrace.errors import InvalidEvent, SchemaMismatch
from tests.document.reader import Reader
from tests.document.test_events import hints


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    before = dict(classes)
    with PipelineRegistry.isolated():
        yield
    classes.clear()
    classes.update(before)


def stored(reader: Reader, event_id: UUID) -> tuple[str, str | None]:
    row = reader.storage.row("SELECT type, match_key FROM headrace.events WHERE id = %s", event_id)
    return row["type"], row["match_key"]


def test_an_event_is_accepted_at_once_and_told_of(reader: Reader) -> None:
    class Paid(EventSchema, type="order.paid", match="order_id"):
        order_id: int

    event_id = send(Paid(order_id=17))

    assert stored(reader, event_id) == ("order.paid", "17")
    assert reader.storage.states([event_id]) == ["queued"]
    assert str(event_id) in hints()


def test_an_event_in_a_session_follows_its_transaction(reader: Reader, session: Session) -> None:
    gone = send({"type": "order.placed", "amount": 3}, session)
    session.rollback()
    kept = send({"type": "order.placed", "amount": 3}, session)
    session.flush()
    assert reader.storage.states([gone, kept]) == ["gone", "gone"]

    session.commit()

    assert reader.storage.states([gone, kept]) == ["gone", "queued"]
    assert str(kept) in hints()


def test_asynchronous_code_does_the_same(reader: Reader) -> None:
    async def talk() -> list[UUID]:
        alone = await send_async({"type": "order.placed"})
        async with asynccontextmanager(async_db_session)() as session:
            gone = await send_async({"type": "order.placed"}, session)
            await session.rollback()
            kept = [await send_async({"type": "order.placed"}, session), send({"type": "other"}, session.sync_session)]
            await session.commit()
        return [alone, gone, *kept]

    assert reader.storage.states(asyncio.run(talk())) == ["queued", "gone", "queued", "queued"]
    assert reader.ledger() == {"accepted": 3}


def test_what_does_not_fit_its_class_is_refused(reader: Reader) -> None:
    class Paid(EventSchema, type="order.paid"):
        order_id: int = Field(validation_alias="id")

    with pytest.raises(SchemaMismatch):
        send(Paid(id=17))
    with pytest.raises(SchemaMismatch):
        send({"type": "order.paid", "order_id": "none"})
    with pytest.raises(InvalidEvent):
        send({"order_id": 17})
    with pytest.raises(ValueError, match="U\\+0000"):
        send({"type": "order.placed", "text": "\0"})

    assert reader.ledger() == {}
