"""Celery tasks of the reader's own, in every worker that he may start."""

from pathlib import Path
from uuid import uuid4

import pytest
from kombu import Producer
from sqlalchemy.orm import Session

from headrace import Event, GenericRepository, celery_app
from tests.document.reader import HEADRACE, STOCK_PREFORK, STOCK_THREADS, Reader

pytestmark = pytest.mark.slow

ORDER = {"type": "order.placed", "amount": 3}

#: What somebody types who imports his own tasks.
CALL_TASKS = """
import json
import shop
from headrace import celery_app

sums = [shop.add.delay(2, 3), shop.divide.delay(3, 2)]
print(json.dumps([celery_app.AsyncResult(result.id).get(timeout=20) for result in sums]))
"""

every_worker = pytest.mark.parametrize(
    "command", [HEADRACE, STOCK_THREADS, STOCK_PREFORK], ids=["headrace", "threads", "prefork"]
)


@every_worker
def test_an_event_for_his_own_task_is_left_to_it(reader: Reader, session: Session, command: tuple[str, ...]) -> None:
    repository = GenericRepository(session=session, model=Event)
    own = repository.create(obj=Event(data=ORDER, task="my_task"))
    reader.start_worker(*command)
    celery_app.send_task("process_incoming_event", args=[str(own.id)])
    ours = repository.create(obj=Event(data=ORDER))
    assert celery_app.send_task("process_incoming_event", args=[str(ours.id)]).get(timeout=20)["nodes"] == {"total": 6}

    run = reader.storage.run(own.id)
    assert (run["state"], run["reason"], run["task"], run["attempt"]) == ("waiting", "own-task", "my_task", 0)
    assert reader.runs_of_the_node() == 1

    celery_app.send_task("my_task", args=[str(own.id)]).get(timeout=20)

    session.refresh(own)
    assert own.task_context is not None
    assert own.task_context["nodes"]["total"] == 6
    assert len(own.task_context["metadata"]["search"]) == 1
    assert reader.storage.states([own.id]) == ["succeeded"]
    assert reader.ledger() == {"accepted": 2, "succeeded": 2}
    assert reader.runs_of_the_node() == 2


def test_his_tasks_are_found_and_their_results_fetched(reader: Reader) -> None:
    reader.start_worker()

    assert reader.run(CALL_TASKS) == [5, 1.5]
    with pytest.raises(ZeroDivisionError):
        celery_app.send_task("shop.divide", args=[1, 0]).get(timeout=20)


@every_worker
def test_tasks_in_a_module_of_his_package_are_found(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HEADRACE_APP", "office")
    reader.start_worker(*command)

    results = [celery_app.send_task(name, args=["a letter"]) for name in ("office.frank", "office.seal")]

    assert [result.get(timeout=20) for result in results] == ["franked a letter", "sealed a letter"]


def test_his_own_module_can_be_given_to_celery(reader: Reader, session: Session) -> None:
    reader.start_worker("celery", "-A", "shop", "worker", "--pool=threads", "--concurrency=2")
    event = GenericRepository(session=session, model=Event).create(obj=Event(data=ORDER))

    sent = [
        celery_app.send_task("process_incoming_event", args=[str(event.id)]),
        celery_app.send_task("shop.divide", args=[3, 2]),
    ]

    assert sent[0].get(timeout=20)["nodes"] == {"total": 6}
    assert sent[1].get(timeout=20) == 1.5


class Exploit:
    """Makes a file where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (Path("exploited"),)


def test_a_pickled_message_is_refused(reader: Reader) -> None:
    with celery_app.connection_for_write() as connection:
        producer = Producer(connection, serializer="pickle")
        producer.publish(
            [[1, 2], Exploit(), {}],
            routing_key="headrace.default",
            headers={"task": "shop.add", "id": str(uuid4()), "lang": "py"},
        )
    reader.start_worker()

    assert celery_app.send_task("shop.add", args=[1, 2]).get(timeout=20) == 3
    assert not (reader.folder / "exploited").exists()
