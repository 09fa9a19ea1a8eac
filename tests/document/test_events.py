"""`Event` in a session: its transaction is the caller's."""

from contextlib import contextmanager

import pytest
import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from headrace import Event, GenericRepository, celery_app, db_session, get_redis_url
from tests.document.reader import Reader
from tests.support.waiting import wait_until

#: The Redis list that carries the hints for the default queue.
HINTS = "headrace.default"


def hints() -> str:
    """All hints that were sent and that nobody took, after those under way are out."""
    celery_app.hints.close()
    with redis.Redis.from_url(get_redis_url(), decode_responses=True) as client:
        return "\n".join(client.lrange(HINTS, 0, -1))


def test_an_event_that_is_committed_is_accepted(reader: Reader, session: Session) -> None:
    event = Event(data={"type": "order.placed", "amount": 3})
    session.add(event)
    session.commit()

    run = reader.storage.run(event.id)
    assert (run["state"], run["type"], run["queue"], run["owner"]) == ("queued", "order.placed", "default", None)
    assert reader.ledger() == {"accepted": 1}


def test_an_event_that_is_rolled_back_never_was(reader: Reader, session: Session) -> None:
    event = Event(data={"type": "order.placed"})
    session.add(event)
    session.flush()
    event_id = event.id
    session.rollback()
    session.commit()

    assert reader.storage.rows("SELECT id FROM headrace.events") == []
    assert reader.storage.states([event_id]) == ["gone"]
    assert reader.ledger() == {}
    assert hints() == ""


def test_the_hint_goes_out_after_the_commit(reader: Reader, session: Session) -> None:
    event = Event(data={"type": "order.placed"})
    session.add(event)
    session.flush()
    event_id = str(event.id)
    assert hints() == ""

    session.commit()

    assert event_id in hints()


def test_a_savepoint_that_is_released_sends_no_hint_before_the_commit(reader: Reader, session: Session) -> None:
    event = Event(data={"type": "order.placed"})
    with session.begin_nested():
        session.add(event)
    event_id = str(event.id)
    assert hints() == ""

    session.commit()

    assert event_id in hints()


def test_a_savepoint_that_is_rolled_back_takes_its_event_and_no_other_along(reader: Reader, session: Session) -> None:
    kept, gone = Event(data={"type": "order.placed"}), Event(data={"type": "order.placed"})
    kept_id, gone_id = kept.id, gone.id
    session.add(kept)
    savepoint = session.begin_nested()
    session.add(gone)
    session.flush()
    savepoint.rollback()
    session.commit()

    assert reader.storage.states([kept_id, gone_id]) == ["queued", "gone"]
    assert reader.ledger() == {"accepted": 1}
    assert str(kept_id) in hints()
    assert str(gone_id) not in hints()


def test_a_session_that_is_closed_before_its_commit_sends_no_hint_later(reader: Reader, session: Session) -> None:
    session.add(Event(data={"type": "order.placed"}))
    session.flush()
    session.close()
    session.execute(select(1))
    session.commit()

    assert hints() == ""


def test_an_event_for_a_task_of_ones_own_sends_no_hint(reader: Reader, session: Session) -> None:
    session.add(Event(data={"type": "order.placed"}, task="my_task"))
    session.commit()

    assert hints() == ""


def test_hints_go_out_again_after_the_publisher_was_closed(reader: Reader, session: Session) -> None:
    for _ in range(2):
        event = Event(data={"type": "order.placed"})
        session.add(event)
        session.commit()
        assert str(event.id) in hints()


@pytest.mark.parametrize(
    ("data", "type_"),
    [({"type": "x"}, "x"), ({"amount": 1}, "event"), ({}, "event")],
)
def test_the_type_is_that_of_the_data_or_else_event(
    reader: Reader, session: Session, data: dict[str, object], type_: str
) -> None:
    event = GenericRepository(session=session, model=Event).create(obj=Event(data=data))

    assert event.type == type_
    assert reader.storage.run(event.id)["type"] == type_


def test_data_comes_back_as_it_was(reader: Reader) -> None:
    data = {"type": "x", "big": 2**70, "small": -(2**63) - 1, "text": "Zoë 🜂", "nested": [{"a": None}, 1.5, True]}
    with contextmanager(db_session)() as session:
        event_id = GenericRepository(session=session, model=Event).create(obj=Event(data=data)).id
    with contextmanager(db_session)() as session:
        event = GenericRepository(session=session, model=Event).get(id=event_id)
        assert event is not None
        assert event.data == data
        assert event.task_context is None


def test_what_is_no_json_is_refused(reader: Reader) -> None:
    for value in (float("nan"), float("inf"), object(), "\x00"):
        with pytest.raises(ValueError, match=r"NaN|serialize|0000"):
            Event(data={"type": "x", "value": value})


def test_the_body_is_the_bytes_that_were_sent(reader: Reader, session: Session) -> None:
    body = b'{ "type":"unknown.to.all",\t"amount": 1.50, "name":"Zo\\u00eb" }'
    answer = reader.start_api().post("/events", content=body, headers={"Content-Type": "application/json"})

    event = GenericRepository(session=session, model=Event).get(id=answer.json()["id"])

    assert event is not None
    assert event.body == body
    assert event.data == {"type": "unknown.to.all", "amount": 1.5, "name": "Zoë"}


def test_events_that_somebody_else_posted_are_found_by_query(reader: Reader, session: Session) -> None:
    task_id = reader.start_api().post("/events", json={"type": "order.placed", "amount": 1}).json()["task_id"]
    wait_until(lambda: bool(reader.storage.rows("SELECT id FROM headrace.events")), "the event is stored")

    [event] = session.scalars(select(Event).where(Event.type == "order.placed", Event.task_context.is_(None)))

    assert str(event.id) == task_id
