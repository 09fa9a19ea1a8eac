"""The API: store the event, then send its task."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from bench.systems.documented.celery_app import TASK, make_celery
from bench.systems.documented.database import db_session
from bench.systems.documented.models import Event
from bench.systems.documented.settings import Settings


class EventSchema(BaseModel):
    """An event: its type, its number, and whatever comes beside them."""

    model_config = ConfigDict(extra="allow")

    type: str
    number: int


app = FastAPI()
celery_app = make_celery(Settings().redis_url)


@app.get("/health")
def health() -> dict[str, str]:
    """Whether it answers."""
    return {"status": "ok"}


@app.post("/events/", status_code=202)
def handle_event(data: EventSchema, session: Annotated[Session, Depends(db_session)]) -> dict[str, str]:
    """Store an event and have it processed."""
    event = Event(type=data.type, data=data.model_dump(mode="json"))
    session.add(event)
    session.commit()
    task = celery_app.send_task(TASK, args=[str(event.id)])
    return {"id": str(event.id), "message": f"process_incoming_event started `{task.id}`"}


@app.get("/events/{event_id}")
def get_event(event_id: uuid.UUID, session: Annotated[Session, Depends(db_session)]) -> dict[str, Any]:
    """An event and its result."""
    event = session.get(Event, event_id)
    if event is None:
        raise HTTPException(404)
    return {"id": str(event.id), "data": event.data, "task_context": event.task_context}
