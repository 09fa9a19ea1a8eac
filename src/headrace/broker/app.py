"""`celery_app`: Celery as the product's users know it, with our one task on it."""

from collections.abc import Callable, Sequence
from typing import Any, overload
from uuid import UUID

import structlog
from celery import Celery, result

from headrace.broker.config import TASK_NAME, get_celery_config
from headrace.broker.hints import HintPublisher
from headrace.broker.results import EventFinder, EventResult
from headrace.broker.schedulable import SchedulableTask
from headrace.domain.event import DEFAULT_QUEUE
from headrace.domain.ids import parse_id

#: What every Celery worker of this application imports, however it was started: it executes events then.
WORKER_MODULE = "headrace.worker"

_log = structlog.get_logger(__name__)


class HeadraceCelery(Celery):
    """Sends our task as a hint that costs its caller nothing, and answers for events' results from Postgres.

    Whatever else users send and fetch through it is plain Celery.
    """

    task_cls = f"{SchedulableTask.__module__}:{SchedulableTask.__name__}"

    def __init__(self, name: str) -> None:
        super().__init__(name, set_as_current=True, include=[WORKER_MODULE])
        self.set_default()
        self.add_defaults(get_celery_config)
        #: Publishes hints for this process.
        self.hints = HintPublisher(self)
        #: Looks up an event's state; set where the program is wired.
        self.find_event: EventFinder = _nothing_found
        #: Takes the ids of a message that this process received; set by a worker process.
        self.on_hint: Callable[[Sequence[UUID]], None] = _nobody_listens

    @overload  # type: ignore[override]  # its stubs have a dozen, none of which says `every`
    def task(self, function: Callable[..., Any], /) -> SchedulableTask: ...

    @overload
    def task(self, /, **options: Any) -> Callable[[Callable[..., Any]], SchedulableTask]: ...

    def task(self, /, *functions: Any, **options: Any) -> Any:
        """As Celery's. Schedules can call the task: `every` and `cron` declare some."""
        return super().task(*functions, **options)

    def send_task(
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        *rest: Any,
        **options: Any,
    ) -> "result.AsyncResult[Any]":
        """As Celery's. For `process_incoming_event` it never waits for Redis: the event is in Postgres already.

        Celery's options then say nothing, and the id of the result is the event's.
        """
        ids = event_ids([*(args or ()), *(kwargs or {}).values()]) if name == TASK_NAME else []
        if not ids or options.get("producer") is not None:
            return super().send_task(name, args, kwargs, *rest, **options)
        self.hints.offer(DEFAULT_QUEUE, ids)
        return EventResult(str(ids[0]), self.find_event, self)

    def AsyncResult(  # type: ignore[override]  # noqa: N802  # Celery has a class here
        self,
        id: str,  # noqa: A002  # Celery's name
        *rest: Any,
        **options: Any,
    ) -> "result.AsyncResult[Any]":
        """The result of an event, read from Postgres, or of a task of the user's own, as Celery keeps it."""
        event_id = parse_id(str(id))
        if event_id is not None and event_id.version == 7 and self.find_event(event_id) is not None:
            return EventResult(str(event_id), self.find_event, self)
        return result.AsyncResult(str(id), *rest, **{"app": self, **options})


def event_ids(args: Sequence[Any]) -> list[UUID]:
    """The ids among a message's arguments; what is none is passed over."""
    return [found for arg in args if (found := parse_id(str(arg))) is not None]


def _nothing_found(event_id: UUID) -> None:  # noqa: ARG001  # until the program is wired
    return None


def _nobody_listens(ids: Sequence[UUID]) -> None:
    _log.warning("a hint reached a process that executes no events; start `headrace worker`", events=len(ids))


celery_app = HeadraceCelery("tasks")


@celery_app.task(name=TASK_NAME, ignore_result=True, expires=60)
def process_incoming_event(event_id: str = "", *more_ids: str) -> None:
    """A hint: these events are due. The worker process that gets it claims what is due in Postgres."""
    celery_app.on_hint(event_ids([event_id, *more_ids]))
