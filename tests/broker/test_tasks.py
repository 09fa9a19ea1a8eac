"""Events that call the function of a Celery task, which is never sent."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import Task
from celery.exceptions import Ignore

from headrace import PipelineRegistry, celery_app
from headrace.broker.schedulable import SchedulableTask
from headrace.broker.tasks import TaskCall, pipeline
from headrace.engine import schema_hash
from headrace.engine.fit import check_fit
from headrace.errors import PipelineInvalid, SchemaMismatch

#: `celery_app.task`, with options.
Declare = Callable[..., Callable[[Callable[..., Any]], SchedulableTask]]


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Declares tasks which are gone after the test."""
    before = set(celery_app.tasks)
    with PipelineRegistry.isolated():
        yield celery_app.task
    for name in set(celery_app.tasks) - before:
        del celery_app.tasks[name]


def call(**event: Any) -> Any:
    return pipeline.run({"type": "headrace.task", **event}).nodes["call"]


def test_the_tasks_function_is_called_with_the_arguments(declare: Declare) -> None:
    @declare(name="tidy")
    def tidy(folder: str, days: int = 30) -> str:
        return f"{folder} {days}"

    assert call(task="tidy", args=["tmp"], kwargs={"days": 7}) == "tmp 7"


def test_a_bound_task_sees_the_id_of_the_tick_or_else_of_the_event(declare: Declare) -> None:
    @declare(name="who", bind=True)
    def who(self: Task[Any, Any]) -> Any:
        return self.request.id

    tick = uuid4()
    assert call(task="who", id=str(tick)) == str(tick)
    assert call(task="who") not in (None, str(tick))
    assert who.request.id is None


def test_a_retry_is_an_error_of_the_node_and_sends_nothing(declare: Declare) -> None:
    calls = []

    @declare(name="flaky", bind=True, max_retries=5)
    def flaky(self: Task[Any, Any]) -> None:
        calls.append(1)
        try:
            raise OSError("not now")
        except OSError as error:
            raise self.retry(exc=error, countdown=60) from error

    @declare(name="flakier", autoretry_for=(OSError,), retry_backoff=True)
    def flakier() -> None:
        calls.append(1)
        raise OSError("not now")

    for name in ("flaky", "flakier"):
        with pytest.raises(OSError, match="not now"):
            call(task=name)
    assert len(calls) == 2


def test_a_base_class_that_calls_in_its_own_way_is_asked(declare: Declare) -> None:
    class Loud(Task):  # type: ignore[type-arg]
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self.run(*args, **kwargs).upper()

    @declare(name="greet", base=Loud)
    def greet() -> str:
        return "hello"

    assert call(task="greet") == "HELLO"


def test_what_is_ignored_has_no_output(declare: Declare) -> None:
    @declare(name="quiet", ignore_result=True)
    def quiet() -> object:
        return object()

    @declare(name="leaving")
    def leaving() -> None:
        raise Ignore

    assert call(task="quiet") is None
    assert call(task="leaving") is None


@pytest.mark.parametrize("name", ["unheard_of", "process_incoming_event", "celery.backend_cleanup"])
def test_a_task_that_no_module_declares_fits_nothing(name: str) -> None:
    with pytest.raises(SchemaMismatch) as caught:
        check_fit({"type": "headrace.task", "task": name}, TaskCall)

    [problem] = caught.value.problems
    assert (problem.pointer, problem.code) == ("/task", "unknown-task")
    assert problem.detail.startswith("no module that is loaded here declares it; there are: ")


def test_the_tasks_that_there_are_are_told(declare: Declare) -> None:
    @declare(name="tidy")
    def tidy() -> None:
        """Nothing."""

    with pytest.raises(SchemaMismatch) as caught:
        check_fit({"type": "headrace.task", "task": "tidie"}, TaskCall)

    assert "tidy" in caught.value.problems[0].detail


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"kwargs": {"dayz": 3}}, "missing a required argument: 'days'"),
        ({"kwargs": {"days": 3, "dayz": 3}}, "got an unexpected keyword argument 'dayz'"),
        ({"args": [1, 2]}, "too many positional arguments"),
        ({}, "missing a required argument: 'days'"),
    ],
)
def test_arguments_that_the_task_does_not_take_fit_nothing(declare: Declare, given: dict[str, Any], fault: str) -> None:
    @declare(name="tidy", bind=True, autoretry_for=(OSError,))
    def tidy(self: Task[Any, Any], days: int) -> None:
        """Nothing."""

    with pytest.raises(SchemaMismatch) as caught:
        check_fit({"type": "headrace.task", "task": "tidy", **given}, TaskCall)

    [problem] = caught.value.problems
    assert (problem.pointer, problem.code, problem.detail) == (
        "/kwargs" if "kwargs" in given else "",
        "task-arguments",
        f"the task takes other arguments: {fault}",
    )
    assert check_fit({"type": "headrace.task", "task": "tidy", "args": [3]}, TaskCall).args == [3]


def test_a_new_task_changes_the_class_so_that_parked_calls_are_tried_again(declare: Declare) -> None:
    before = schema_hash(TaskCall)

    @declare(name="tidy")
    def tidy() -> None:
        """Nothing."""

    with_tidy = schema_hash(TaskCall)
    assert with_tidy != before
    del celery_app.tasks["tidy"]

    @declare(name="tidy")
    def tidy_anew(days: int) -> None:
        """Nothing."""

    assert schema_hash(TaskCall) not in (before, with_tidy)


def test_a_task_recurs_as_a_pipeline_does(declare: Declare) -> None:
    @declare(name="tidy")
    def tidy(days: int) -> None:
        """Nothing."""

    @tidy.cron("0 3 * * *", timezone="Europe/Berlin")
    def nightly() -> dict[str, int]:
        return {"days": 30}

    PipelineRegistry.check()
    [schedule] = PipelineRegistry.schedules()
    assert (schedule.name, schedule.type) == ("nightly", "headrace.task")
    assert schedule.body == b'{"type":"headrace.task","task":"tidy","kwargs":{"days":30}}'


def test_arguments_that_are_none_are_told(declare: Declare) -> None:
    @declare(name="tidy")
    def tidy(days: int) -> None:
        """Nothing."""

    @tidy.every("1h")
    def hourly() -> int:
        return 30

    with pytest.raises(PipelineInvalid, match="its function has to return a dict of keyword arguments, or None"):
        PipelineRegistry.check()
