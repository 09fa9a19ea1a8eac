"""The result of an event through Celery's own interface."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from celery import Celery, exceptions, states
from celery.result import AsyncResult

from headrace.domain.states import EventState
from headrace.errors import EventFailed

#: Seconds between two looks of a caller that waits.
POLL_SECONDS = 0.2

#: Celery's names for the states of an event.
CELERY_STATES = {
    EventState.QUEUED: states.PENDING,
    EventState.RUNNING: states.STARTED,
    EventState.WAITING: states.PENDING,
    EventState.SUCCEEDED: states.SUCCESS,
    EventState.FAILED: states.FAILURE,
    EventState.CANCELLED: states.REVOKED,
}


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event's state; `result` is its task context once it succeeded, `error` its error's type and message."""

    state: EventState
    result: dict[str, Any] | None = None
    error: str | None = None


#: Looks an event up by id; None when there is none.
EventFinder = Callable[[UUID], FoundEvent | None]


class EventResult(AsyncResult[Any]):
    """Reads Postgres instead of Celery's result backend. `task_id` is the event's id."""

    def __init__(self, task_id: str, find_event: EventFinder, app: Celery) -> None:
        super().__init__(task_id, app=app)
        self._find_event = find_event

    def _get_task_meta(self) -> dict[str, Any]:
        found = self._find_event(UUID(self.id))
        if found is None:
            return {"task_id": self.id, "status": states.PENDING, "result": None}
        status = CELERY_STATES[found.state]
        result: Any = found.result
        if status == states.FAILURE:
            result = EventFailed(found.error)
        if status == states.REVOKED:
            result = exceptions.TaskRevokedError("cancelled")
        return {"task_id": self.id, "status": status, "result": result, "traceback": None, "children": []}

    def get(self, timeout: float | None = None, propagate: bool = True, *_: Any, **__: Any) -> Any:
        """Wait for the event to finish. Raises celery.exceptions.TimeoutError, and its error if `propagate`."""
        give_up = None if timeout is None else time.monotonic() + timeout
        while (meta := self._get_task_meta())["status"] not in states.READY_STATES:
            if give_up is not None and time.monotonic() >= give_up:
                raise exceptions.TimeoutError("The event has not finished in time.")
            time.sleep(POLL_SECONDS)
        if propagate and isinstance(meta["result"], Exception):
            raise meta["result"]
        return meta["result"]

    wait = get  # Celery's further options say nothing about an event

    def forget(self) -> None:
        """Nothing to forget: the result stays in Postgres."""
