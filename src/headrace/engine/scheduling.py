"""Schedules in users' modules: `@pipeline.every("15m")` and `@task.cron("0 9 * * MON-FRI")`, read and checked."""

import inspect
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from headrace.domain.event import DEFAULT_QUEUE
from headrace.domain.timing import NAME_PATTERN, Timing
from headrace.domain.values import value
from headrace.engine.fit import json_pointer
from headrace.engine.json_form import to_json
from headrace.engine.schema import match_key_of
from headrace.errors import FieldProblem, InvalidInput

_Function = TypeVar("_Function", bound=Callable[[], Any])

Duration = str | float | timedelta


class SchedulePolicies(TypedDict, total=False):
    """How the ticks of a schedule are fired; the same as the fields of `POST /schedules`."""

    catch_up: Literal["skip", "one", "all"]
    most_caught_up: int
    overlap: Literal["allow", "skip", "queue", "cancel-previous"]
    jitter: Duration
    starts_at: str | datetime
    ends_at: str | datetime


@value()
class DeclaredSchedule:
    """A schedule as a user's module declares it. `body` is the event that it stores."""

    name: str
    timing: Timing
    type: str
    queue: str
    match_key: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Declaration:
    """What was written at a `place` ("file:line"), not read yet. `make_data` gives the data of its event."""

    name: str
    place: str
    settings: Mapping[str, Any]
    queue: str
    make_data: Callable[[], Mapping[str, Any]]

    def read(self, timing: Timing) -> DeclaredSchedule:
        """With its settings as a timing. Raises InvalidInput for an event that cannot be, and what the user's function
        raises.
        """
        data = self.make_data()
        match_key = match_key_of(data["type"], data)
        return DeclaredSchedule(self.name, timing, data["type"], self.queue, match_key, to_json(data))


#: All that were declared; `PipelineRegistry` is the way to them.
declarations: list[Declaration] = []


class Schedulable:
    """Something for which events recur."""

    def every(
        self,
        interval: Duration,
        *,
        from_: Literal["due", "finish"] = "due",
        name: str | None = None,
        queue: str = DEFAULT_QUEUE,
        **policies: Unpack[SchedulePolicies],
    ) -> Callable[[_Function], _Function]:
        """Have an event recur after so long, "90s", "15m", "2h", "7d" or a number of seconds: of `from_="finish"`
        counted from when the event of the last tick was finished.

        It decorates a function without parameters, whose name the schedule has and which returns what the event
        holds, or None. That is called when a process starts, not at each tick.
        """
        return self._declaring({"every": interval, "from": from_, **policies}, name, queue)

    def cron(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        name: str | None = None,
        queue: str = DEFAULT_QUEUE,
        **policies: Unpack[SchedulePolicies],
    ) -> Callable[[_Function], _Function]:
        """Have an event recur by a cron expression in a time zone; else as `every`."""
        return self._declaring({"cron": expression, "timezone": timezone, **policies}, name, queue)

    def scheduled_data(self, given: Any) -> Mapping[str, Any]:
        """The data of an event for this, of what the decorated function returned. Raises InvalidInput."""
        raise NotImplementedError

    def _declaring(self, settings: Mapping[str, Any], name: str | None, queue: str) -> Callable[[_Function], _Function]:
        if callable(settings.get("every")) or callable(settings.get("cron")):
            raise TypeError('a schedule says when, as in @pipeline.every("15m") or @pipeline.cron("0 9 * * MON-FRI")')

        def declare(function: _Function) -> _Function:
            chosen = getattr(function, "__name__", "") if name is None else name
            made = Declaration(
                chosen, _place_of(function), settings, queue, lambda: self.scheduled_data(_told(function))
            )
            declarations.append(made)
            return function

        return declare


def _told(function: Callable[[], Any]) -> Any:
    """What it returns. Raises InvalidInput for an asynchronous one: no loop runs yet when it is called."""
    if inspect.iscoroutinefunction(function):
        raise InvalidInput("It is asynchronous.", [FieldProblem("", "async", "its function has to be a plain `def`")])
    return function()


def read_schedules(found: Sequence[Declaration]) -> tuple[list[DeclaredSchedule], list[str]]:
    """What is declared, and every mistake in it, one line each."""
    schedules, mistakes = [], list(_repeated(found))
    for declaration in found:
        timing, faults = _timing_of(declaration.settings)
        faults = [*_name_faults(declaration.name), *faults]
        if timing is not None and not faults:
            try:
                schedules.append(declaration.read(timing))
            except ValidationError as error:
                faults += [f"{json_pointer(fault['loc'])}: {fault['msg']}" for fault in error.errors()]
            except InvalidInput as error:
                faults += [f"{problem.pointer or 'the event'}: {problem.detail}" for problem in error.problems]
            except Exception as error:  # noqa: BLE001 - the user's own function
                faults.append(f"its function raised {type(error).__name__}: {error}")
        mistakes += [f"schedule {declaration.name!r} at {declaration.place}: {fault}" for fault in faults]
    return schedules, mistakes


def _timing_of(settings: Mapping[str, Any]) -> tuple[Timing | None, list[str]]:
    """The timing, or what is wrong with it."""
    try:
        return Timing.model_validate(settings), []
    except ValidationError as error:
        return None, [_timing_fault(fault) for fault in error.errors()]


def _timing_fault(fault: ErrorDetails) -> str:
    if fault["type"] == "extra_forbidden":
        known = ", ".join(SchedulePolicies.__annotations__)
        return f"{fault['loc'][0]}: is no setting of a schedule; there are {known}"
    return ": ".join([*map(str, fault["loc"]), fault["msg"]])


def _name_faults(name: str) -> Iterator[str]:
    if not re.fullmatch(NAME_PATTERN, name):
        yield "its name has 1 to 100 letters, digits, '.', '_' and '-'; give one by name="


def _repeated(found: Sequence[Declaration]) -> Iterator[str]:
    for name, count in Counter(declaration.name for declaration in found).items():
        if count > 1:
            places = ", ".join(declaration.place for declaration in found if declaration.name == name)
            yield f"schedule {name!r} is declared {count} times, at {places}; rename the others, or give name="


def _place_of(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return "an unknown place"
    file = os.path.relpath(code.co_filename)
    return f"{code.co_filename if file.startswith('..') else file}:{code.co_firstlineno}"
