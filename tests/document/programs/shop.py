"""A user's whole program: his events, his pipeline, his endpoint and his Celery tasks, by the public names alone."""

import time
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from celery import shared_task
from fastapi import APIRouter, Body, Depends, FastAPI
from sqlalchemy.orm import Session

from headrace import (
    ElasticsearchIndexNode,
    Event,
    EventSchema,
    GenericRepository,
    Pipeline,
    PipelineRegistry,
    celery_app,
    db_session,
)

router = APIRouter()


class OrderPlaced(EventSchema, type="order.placed"):
    amount: int
    seconds: float = 0.0


class OrderLost(EventSchema, type="order.lost"):
    pass


orders = Pipeline("orders", OrderPlaced)
losses = Pipeline("losses", OrderLost)


@orders.node
def total(event: OrderPlaced) -> int:
    with Path("totals").open("ab") as file:
        file.write(b".")
    time.sleep(event.seconds)
    return 2 * event.amount


@losses.node(retries=0)
def search(event: OrderLost) -> str:
    raise LookupError("no such order")


@router.post("/orders", status_code=202)
def place_order(
    order: Annotated[dict[str, Any], Body()],
    session: Session = Depends(db_session),
) -> dict[str, str]:
    repository = GenericRepository(session=session, model=Event)
    event = repository.create(obj=Event(data=order))
    task_id = celery_app.send_task("process_incoming_event", args=[str(event.id)])
    return {"message": f"process_incoming_event started `{task_id}`"}


website = FastAPI()
website.include_router(router)


@celery_app.task(name="my_task")
def process_by_myself(event_id: str) -> None:
    with contextmanager(db_session)() as session:
        repository = GenericRepository(session=session, model=Event)
        db_event = repository.get(id=event_id)
        assert db_event is not None
        event = EventSchema(**db_event.data)
        pipeline = PipelineRegistry.get_pipeline(event)
        pipeline.add_node(ElasticsearchIndexNode())
        task_context = pipeline.run(event)
        db_event.task_context = task_context.model_dump(mode="json")
        repository.update(obj=db_event)


@celery_app.task
def add(first: int, second: int) -> int:
    return first + second


@shared_task
def divide(first: int, second: int) -> float:
    return first / second
