"""An endpoint of your own that stores an event, and a Celery task of your own beside the pipelines.

`headrace api` includes a module's `router` by itself.
Try it: curl -X POST localhost:8000/signups -H 'content-type: application/json' -d '{"email": "ada@example.org"}'
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy.orm import Session

from headrace import Event, EventSchema, GenericRepository, Pipeline, celery_app, db_session


class SignedUp(EventSchema, type="user.signed_up"):
    email: str


signups = Pipeline("signups", SignedUp)


@signups.node
def domain(event: SignedUp) -> str:
    return event.email.partition("@")[2]


class Signup(BaseModel):
    email: str


router = APIRouter()


@router.post("/signups", status_code=202)
def sign_up(signup: Signup, session: Annotated[Session, Depends(db_session)]) -> dict[str, str]:
    """Stored when this returns: `create` commits, and a worker is told."""
    repository = GenericRepository(session=session, model=Event)
    event = repository.create(obj=Event(data={"type": "user.signed_up", "email": signup.email}))
    return {"id": str(event.id)}


@celery_app.task
def count_letters(text: str) -> int:
    """An ordinary Celery task: `count_letters.delay("abc").get()`."""
    return len(text)
