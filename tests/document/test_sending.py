"""`send` and `send_async`: events out of a reader's own code."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import Field
from sqlalchemy.orm import Session

from headrace import Event, EventSchema, PipelineRegistry, async_db_session, send, send_async
from headrace.domain.clock import utc_now
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


def test_an_event_for_later_waits_and_nobody_is_told(reader: Reader) -> None:
    later = utc_now() + timedelta(days=2)

    event_id = send({"type": "order.placed"}, deliver_at=later)

    assert str(event_id) not in hints()
    row = reader.storage.row(
        "SELECT state, reason, rank, deliver_at FROM headrace.runs r JOIN headrace.events e ON e.id = r.event_id"
    )
    assert row == {"state": "waiting", "reason": "delay", "rank": later, "deliver_at": later}


def test_a_time_that_has_passed_means_at_once(reader: Reader) -> None:
    event_id = send({"type": "order.placed"}, deliver_at=utc_now() - timedelta(days=2))

    assert reader.storage.states([event_id]) == ["queued"]
    assert reader.storage.value("SELECT rank <= now() FROM headrace.runs")


@pytest.mark.parametrize("options", [{"deliver_at": datetime(2031, 1, 31)}, {"deliver_at": utc_now(), "task": "own"}])  # noqa: DTZ001  # that is what is refused
def test_a_delivery_that_nobody_could_keep_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="deliver_at is a time with a zone"):
        Event(data={"type": "order.placed"}, **options)


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
