"""`GenericRepository`, `db_session` and `async_db_session`, as a reader of the document uses them."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, InternalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from headrace import (
    Event,
    EventAlreadyFinished,
    EventHeldElsewhere,
    EventSchema,
    GenericRepository,
    Pipeline,
    async_db_session,
    db_session,
)
from tests.document.reader import Reader
from tests.support.servers import Server

ORDER = {"type": "order.placed", "amount": 3}
CONTEXT = {"event": ORDER, "nodes": {"total": 6}, "metadata": {}}


class Base(DeclarativeBase):
    """The reader's own tables, in the schema that the database takes by default."""


class Customer(Base):
    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


def context_of(event: Event) -> dict[str, Any] | None:
    """What the session has now, whatever was assigned before."""
    return event.task_context


@pytest.fixture
def customers(reader: Reader, postgres18: Server) -> Iterator[None]:
    """The table is there, and the running role may use it."""
    engine = create_engine(postgres18.superuser_url.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        connection.exec_driver_sql("GRANT ALL ON customers TO PUBLIC")
        connection.exec_driver_sql("GRANT ALL ON customers_id_seq TO PUBLIC")
    yield
    with engine.begin() as connection:
        Base.metadata.drop_all(connection)
    engine.dispose()


def test_a_model_of_ones_own_is_created_read_and_updated(customers: None, session: Session) -> None:
    repository = GenericRepository(session=session, model=Customer)
    customer = repository.create(obj=Customer(name="Ada"))

    with contextmanager(db_session)() as another:
        elsewhere = GenericRepository(session=another, model=Customer)
        found = elsewhere.get(id=customer.id)
        assert found is not None
        found.name = "Grace"
        elsewhere.update(obj=found)

    session.refresh(customer)
    assert customer.name == "Grace"
    assert repository.get(id=customer.id + 1) is None


def test_a_session_can_be_used_after_a_create_that_failed(customers: None, session: Session) -> None:
    repository = GenericRepository(session=session, model=Customer)
    repository.create(obj=Customer(name="Ada"))
    with pytest.raises(IntegrityError):
        repository.create(obj=Customer(name="Ada"))

    repository.create(obj=Customer(name="Grace"))

    assert list(session.scalars(select(Customer.name).order_by(Customer.name))) == ["Ada", "Grace"]


def test_a_created_event_is_there_for_others_at_once(reader: Reader, session: Session) -> None:
    event = GenericRepository(session=session, model=Event).create(obj=Event(data=ORDER))

    with contextmanager(db_session)() as another:
        repository = GenericRepository(session=another, model=Event)
        for event_id in (event.id, str(event.id)):
            found = repository.get(id=event_id)
            assert found is not None
            assert found.id == event.id
            assert found.data == ORDER
        assert repository.get(id=uuid4()) is None


def test_setting_the_task_context_settles_the_run(reader: Reader, session: Session) -> None:
    repository = GenericRepository(session=session, model=Event)
    event = repository.create(obj=Event(data=ORDER))
    event.task_context = CONTEXT

    updated = repository.update(obj=event)

    assert updated.task_context == CONTEXT
    assert reader.storage.states([event.id]) == ["succeeded"]
    assert reader.storage.result(event.id)["task_context"] == CONTEXT
    assert reader.ledger() == {"accepted": 1, "succeeded": 1}


def test_an_event_that_left_its_session_is_updated_in_another_one(reader: Reader) -> None:
    with contextmanager(db_session)() as first:
        event = GenericRepository(session=first, model=Event).create(obj=Event(data=ORDER, task="my_task"))
    assert event.data == ORDER
    event.task_context = CONTEXT

    with contextmanager(db_session)() as second:
        GenericRepository(session=second, model=Event).update(obj=event)

    assert reader.storage.states([event.id]) == ["succeeded"]


def test_the_result_of_a_run_can_be_set_as_it_is(reader: Reader, session: Session) -> None:
    class Counted(EventSchema, type="counted"):
        pass

    pipeline = Pipeline("counting", Counted, register=False)
    repository = GenericRepository(session=session, model=Event)
    event = repository.create(obj=Event(data={"type": "counted", "big": 2**70}))
    task_context = pipeline.run(EventSchema(**event.data))
    event.task_context = task_context.model_dump(mode="json")

    repository.update(obj=event)

    assert event.task_context == task_context.model_dump(mode="json")
    assert event.task_context["event"] == {"type": "counted", "big": 2**70}


def test_a_plain_commit_settles_as_an_update_does_and_a_rollback_does_not(reader: Reader, session: Session) -> None:
    event = GenericRepository(session=session, model=Event).create(obj=Event(data=ORDER))

    event.task_context = CONTEXT
    session.rollback()
    assert context_of(event) is None
    session.commit()
    assert reader.storage.states([event.id]) == ["queued"]

    event.task_context = CONTEXT
    session.commit()
    assert reader.storage.states([event.id]) == ["succeeded"]


def test_a_savepoint_that_is_rolled_back_does_not_take_along_what_was_set_before(
    reader: Reader, session: Session
) -> None:
    event = GenericRepository(session=session, model=Event).create(obj=Event(data=ORDER))
    event.task_context = CONTEXT
    session.begin_nested().rollback()
    session.commit()

    assert reader.storage.states([event.id]) == ["succeeded"]


def test_an_event_that_a_worker_holds_is_not_settled_from_elsewhere(reader: Reader, session: Session) -> None:
    repository = GenericRepository(session=session, model=Event)
    event = repository.create(obj=Event(data=ORDER | {"seconds": 600.0}))
    reader.start_worker(grace_seconds="0.1")
    reader.wait_until_is("running", event.id)
    event.task_context = CONTEXT

    with pytest.raises(EventHeldElsewhere, match=str(event.id)):
        repository.update(obj=event)

    assert context_of(event) is None
    assert reader.storage.states([event.id]) == ["running"]
    assert reader.ledger() == {"accepted": 1}
    assert repository.create(obj=Event(data=ORDER)).task_context is None


def test_an_event_that_is_finished_is_not_settled_again(reader: Reader, session: Session) -> None:
    repository = GenericRepository(session=session, model=Event)
    event = repository.create(obj=Event(data=ORDER))
    event.task_context = CONTEXT
    repository.update(obj=event)
    event.task_context = {"nodes": {}}

    with pytest.raises(EventAlreadyFinished, match=str(event.id)):
        repository.update(obj=event)

    assert context_of(event) == CONTEXT
    assert reader.ledger() == {"accepted": 1, "succeeded": 1}
    assert repository.create(obj=Event(data=ORDER)).task_context is None


def test_an_asynchronous_session_does_the_same_in_any_loop(reader: Reader) -> None:
    async def accept() -> Event:
        async with asynccontextmanager(async_db_session)() as session:
            event = Event(data=ORDER)
            session.add(event)
            await session.commit()
            await session.refresh(event)
            assert event.task_context is None
            return event

    async def finish(event: Event) -> None:
        async with asynccontextmanager(async_db_session)() as session:
            found = await session.get(Event, event.id)
            assert found is not None
            assert found.data == ORDER
            found.task_context = CONTEXT
            await session.commit()
            assert await found.awaitable_attrs.task_context == CONTEXT

    event = asyncio.run(accept())
    asyncio.run(finish(event))

    assert reader.storage.result(event.id)["task_context"] == CONTEXT
    assert reader.ledger() == {"accepted": 1, "succeeded": 1}


def test_sessions_leave_a_server_that_takes_no_writes(reader: Reader, session: Session) -> None:
    """As where a primary became a standby while its connections stay."""
    session.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    session.commit()
    with pytest.raises(InternalError):
        GenericRepository(session=session, model=Event).create(obj=Event(data=ORDER))
    session.rollback()

    created = GenericRepository(session=session, model=Event).create(obj=Event(data=ORDER))

    assert reader.storage.states([created.id]) == ["queued"]


async def test_async_sessions_leave_a_server_that_takes_no_writes(reader: Reader) -> None:
    async with asynccontextmanager(async_db_session)() as session:
        await session.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        await session.commit()
        session.add(Event(data=ORDER))
        with pytest.raises(InternalError):
            await session.commit()
        await session.rollback()

        created = Event(data=ORDER)
        session.add(created)
        await session.commit()
        await session.refresh(created)

        assert reader.storage.states([created.id]) == ["queued"]
