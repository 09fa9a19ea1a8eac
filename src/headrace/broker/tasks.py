"""The built-in type `headrace.task`: an event that calls the function of a Celery task, in a worker of ours.

The task is called, not sent: no message for it goes through Redis, where one can be lost or doubled.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from celery import Task
from celery.exceptions import Ignore
from pydantic import ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from headrace.broker.app import celery_app
from headrace.broker.config import TASK_NAME
from headrace.domain.event import TASK_TYPE
from headrace.engine import EventSchema, Pipeline
from headrace.engine.fit import UNKNOWN_TASK
from headrace.engine.traces.call import current_call

#: A task may run this long.
TIMEOUT_SECONDS = 3600.0


def users_tasks() -> Mapping[str, Task[Any, Any]]:
    """The Celery tasks that the user's modules declare, by name."""
    found = celery_app.tasks.items()
    return {name: task for name, task in found if name != TASK_NAME and not name.startswith("celery.")}


def _name_tasks(schema: dict[str, Any]) -> None:
    """So the class's hash changes with the tasks: events of a task that was missing are tried again."""
    schema["properties"]["task"]["enum"] = sorted(users_tasks())


class TaskCall(EventSchema, type=TASK_TYPE):  # type: ignore[no-redef]  # `kwargs` is a name of the plugin, too
    """A call of the Celery task of a name. `id` is what it sees as its request's id; else that is the event's."""

    model_config = ConfigDict(json_schema_extra=_name_tasks)

    task: str
    args: list[Any] = Field(default_factory=list)
    kwargs: dict[str, Any] = Field(default_factory=dict)
    id: UUID | None = None

    @field_validator("task")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in users_tasks():
            raise PydanticCustomError(UNKNOWN_TASK, "no module that is loaded here declares a task of this name")
        return name


pipeline = Pipeline("task", TaskCall)


@pipeline.node(timeout_seconds=TIMEOUT_SECONDS)
def call(event: TaskCall) -> Any:
    """What the task's function returns, unless its result is ignored.

    What it raises is retried as what any node raises; `retry()` raises, too.
    """
    task, here = users_tasks()[event.task], current_call()
    assert here is not None
    task.push_request(id=str(event.id or here.event_id), args=event.args, kwargs=event.kwargs)
    try:
        function = task.run if type(task).__call__ is Task.__call__ else task
        result = function(*event.args, **event.kwargs)
        return None if task.ignore_result else result
    except Ignore:
        return None
    finally:
        task.pop_request()
