"""The worker: read the event, run its steps one after the other, store what they gave."""

import time
import uuid
from typing import Any

from celery.signals import worker_process_init

from bench.load.bodies import Work
from bench.systems.documented.celery_app import TASK, make_celery
from bench.systems.documented.database import SessionLocal, engine
from bench.systems.documented.models import Event
from bench.systems.documented.settings import Settings

app = make_celery(Settings().redis_url)


@worker_process_init.connect
def leave_inherited_connections(**_: Any) -> None:
    """As SQLAlchemy's documentation says of processes that fork."""
    engine.dispose(close=False)


@app.task(name=TASK)
def process_incoming_event(event_id: str) -> str:
    """Process one event."""
    with SessionLocal() as session:
        event = session.get_one(Event, uuid.UUID(event_id))
        event.task_context = {"event": event.data, "nodes": _run(event.type, event.data), "metadata": {}}
        session.commit()
    return event_id


def _run(work: str, event: dict[str, Any]) -> dict[str, int]:
    if work == Work.SLOW:
        time.sleep(1)
        return {"rest": event["number"]}
    first = event["number"]
    return {"first": first, "second": first + 1}
