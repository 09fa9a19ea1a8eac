"""The app of Celery, as `celery worker` loads it. It reads its URLs from the variables that Celery itself knows."""

from typing import Any

from celery import Celery

app = Celery("bench", task_acks_late=True, broker_connection_retry_on_startup=True)


@app.task(name="two_steps")
def two_steps(event: dict[str, Any]) -> dict[str, int]:
    """Both steps, as plain calls."""
    first = first_step(event)
    return {"first": first, "second": second_step(first)}


def first_step(event: dict[str, Any]) -> int:
    """The number of the event."""
    return int(event["number"])


def second_step(first: int) -> int:
    """The next number."""
    return first + 1
