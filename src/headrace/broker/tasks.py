"""The built-in type `headrace.task`: an event that calls the function of a Celery task, in a worker of ours.

The task is called, not sent: no message for it goes through Redis, where one can be lost or doubled.
"""

import inspect
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from celery import Task
from celery.exceptions import Ignore
from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from headrace.broker.app import celery_app
from headrace.broker.config import TASK_NAME
from headrace.domain.event import TASK_TYPE
from headrace.engine import EventSchema, Pipeline
from headrace.engine.fit import TASK_ARGUMENTS, UNKNOWN_TASK
from headrace.engine.traces.call import current_call

#: Names of tasks that are told where one is not known.
MOST_TOLD = 20

#: A task may run this long.
TIMEOUT_SECONDS = 3600.0


def users_tasks() -> Mapping[str, Task[Any, Any]]:
    """The Celery tasks that the user's modules declare, by name."""
    found = celery_app.tasks.items()
    return {name: task for name, task in found if name != TASK_NAME and not name.startswith("celery.")}


def _signature(task: Task[Any, Any]) -> inspect.Signature:
    """What it takes, as far as Python knows: then anything."""
    try:
        return inspect.signature(task.run)
    except (TypeError, ValueError):
        return inspect.signature(lambda *args, **kwargs: (args, kwargs))


def _name_tasks(schema: dict[str, Any]) -> None:
    """So the class's hash changes with the tasks: events of one that was missing, or took other arguments, are tried
    again.
    """
    tasks = sorted(users_tasks().items())
    schema["properties"]["task"]["oneOf"] = [
        {"const": name, "description": str(_signature(task))} for name, task in tasks
    ]


class TaskCall(EventSchema, type=TASK_TYPE):  # type: ignore[no-redef]  # `kwargs` is a name of the plugin, too
    """A call of the Celery task of a name. `id` is what it sees as its request's id; else that is the event's."""

    model_config = ConfigDict(json_schema_extra=_name_tasks)

    task: str
    args: list[Any] = Field(default_factory=list)
    kwargs: dict[str, Any] = Field(default_factory=dict, validate_default=True)
    id: UUID | None = None

    @field_validator("task")
    @classmethod
    def _is_known(cls, name: str) -> str:
        tasks = users_tasks()
        if name not in tasks:
            told = ", ".join(sorted(tasks)[:MOST_TOLD]) or "none"
            raise PydanticCustomError(
                UNKNOWN_TASK, "no module that is loaded here declares it; there are: {known}", {"known": told}
            )
        return name

    @field_validator("kwargs")
    @classmethod
    def _are_taken(cls, kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "task" in info.data and "args" in info.data:
            try:
                _signature(users_tasks()[info.data["task"]]).bind(*info.data["args"], **kwargs)
            except TypeError as error:
                raise PydanticCustomError(
                    TASK_ARGUMENTS, "the task takes other arguments: {fault}", {"fault": str(error)}
                ) from None
        return kwargs


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
