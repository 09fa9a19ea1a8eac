"""Celery on Redis, with its results there."""

from celery import Celery

#: The task's name, by which the API sends it without importing the worker's code.
TASK = "process_incoming_event"


def make_celery(redis_url: str) -> Celery:
    """The application: JSON only, UTC, all else as Celery has it."""
    app = Celery("tasks", broker=redis_url, backend=redis_url)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_serializer="json",
        enable_utc=True,
        broker_connection_retry_on_startup=True,
    )
    return app
