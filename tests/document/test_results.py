"""`send_task` and `AsyncResult` of an event: tracked by its id, answered from Postgres."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from uuid import UUID, uuid4

import celery.exceptions
import pytest
from sqlalchemy.orm import Session

from headrace import Event, GenericRepository, celery_app, process_incoming_event
from headrace.domain.ids import new_id
from tests.document.reader import Reader

#: A program that accepts an event, tells the workers and waits for its result.
ACCEPT_AND_WAIT = """
import json
from contextlib import contextmanager
from headrace import Event, GenericRepository, celery_app, db_session

with contextmanager(db_session)() as session:
    event = Event(data={"type": "order.placed", "amount": 3})
    GenericRepository(session=session, model=Event).create(obj=event)
    result = celery_app.send_task("process_incoming_event", args=[str(event.id)])
    assert result.id == str(event.id)
print(json.dumps(result.get(timeout=20)["nodes"]))
"""


def accept(session: Session, **data: object) -> UUID:
    return GenericRepository(session=session, model=Event).create(obj=Event(data=data)).id


def test_a_sent_event_is_tracked_by_its_own_id(reader: Reader, session: Session) -> None:
    event_id = accept(session, type="order.placed", amount=3)

    sent = [
        celery_app.send_task("process_incoming_event", args=[str(event_id)]),
        celery_app.send_task("process_incoming_event", kwargs={"event_id": str(event_id)}),
        process_incoming_event.delay(str(event_id)),
        process_incoming_event.delay(event_id=str(event_id)),
        process_incoming_event.apply_async(args=(str(event_id),), task_id="another"),
    ]

    assert {(result.id, result.task_id, str(result)) for result in sent} == {(str(event_id),) * 3}
    assert {result.state for result in sent} == {"PENDING"}


def test_a_result_that_is_not_there_yet_is_waited_for(reader: Reader, session: Session) -> None:
    event_id = accept(session, type="order.placed", amount=3)
    result = celery_app.AsyncResult(str(event_id))
    assert (result.state, result.result, result.ready()) == ("PENDING", None, False)
    with pytest.raises(celery.exceptions.TimeoutError):
        result.get(timeout=0.01)

    reader.start_worker()

    task_context = result.get(timeout=20)
    assert task_context["nodes"] == {"total": 6}
    assert (result.state, result.status, result.result) == ("SUCCESS", "SUCCESS", task_context)
    assert (result.ready(), result.successful(), result.failed()) == (True, True, False)


def test_the_result_of_an_event_is_exact(reader: Reader, session: Session) -> None:
    event = Event(data={"type": "order.placed"})
    session.add(event)
    event.task_context = {"nodes": {"total": 2**70}}
    session.commit()

    assert celery_app.AsyncResult(str(event.id)).get(timeout=0) == {"nodes": {"total": 2**70}}


def test_a_running_event_is_started(reader: Reader, session: Session) -> None:
    event_id = accept(session, type="order.placed", amount=3, seconds=600.0)
    reader.start_worker(grace_seconds="0.1")
    reader.wait_until_is("running", event_id)

    assert celery_app.AsyncResult(str(event_id)).state == "STARTED"


def test_the_result_of_a_failed_event_raises_its_error(reader: Reader, session: Session) -> None:
    event_id = accept(session, type="order.lost")
    reader.start_worker()
    result = celery_app.AsyncResult(str(event_id))

    with pytest.raises(Exception, match="LookupError: no such order"):
        result.get(timeout=20)

    assert (result.state, str(result.result)) == ("FAILURE", "LookupError: no such order")
    assert str(result.get(propagate=False)) == "LookupError: no such order"
    assert (result.ready(), result.successful(), result.failed()) == (True, False, True)


@pytest.mark.parametrize("unknown", [str(uuid4()), str(new_id()), "no-uuid"], ids=["version 4", "version 7", "none"])
def test_an_unknown_id_is_pending_as_with_any_celery(reader: Reader, unknown: str) -> None:
    result = celery_app.AsyncResult(unknown)

    assert (result.id, result.state, result.result, result.ready()) == (unknown, "PENDING", None, False)
    with pytest.raises(celery.exceptions.TimeoutError):
        result.get(timeout=0.01)


@pytest.fixture(params=["dead", "hung"])
def useless_redis(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Redis that takes no connection, or that takes them and never answers."""
    with ExitStack() as stack:
        listening = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        url = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        if request.param == "dead":
            stack.close()
        yield url


def test_without_redis_an_event_is_sent_and_its_result_fetched(
    reader: Reader, useless_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_REDIS_URL", useless_redis)
    reader.start_worker(redis_url=useless_redis)

    assert reader.run(ACCEPT_AND_WAIT) == {"total": 6}
