"""Celery tasks that recur: `@task.every("15m")`, `@task.cron("0 9 * * MON-FRI")`."""

from collections.abc import Mapping
from typing import Any

from celery import Task

from headrace.domain.event import TASK_TYPE
from headrace.engine.fit import check_fit
from headrace.engine.scheduling import Schedulable
from headrace.engine.schema import classes
from headrace.errors import FieldProblem, InvalidInput


class SchedulableTask(Task, Schedulable):  # type: ignore[type-arg]  # generic in its stubs alone
    """The class of the tasks that `celery_app` makes."""

    def scheduled_data(self, given: Any) -> Mapping[str, Any]:
        """An event that calls this task with the given keyword arguments. Raises InvalidInput."""
        if not isinstance(given, Mapping | None):
            detail = "its function has to return a dict of keyword arguments, or None"
            raise InvalidInput("These are no arguments.", [FieldProblem("", "not-an-object", detail)])
        data = {"type": TASK_TYPE, "task": self.name, "kwargs": dict(given or {})}
        check_fit(data, classes[TASK_TYPE])  # declared in `tasks.py`, which needs the application that needs this
        return data
