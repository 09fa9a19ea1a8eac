"""Consecutive sync nodes in one hop to a thread: the hop costs more than most of them."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.domain.clock import Clock
from headrace.engine.attempt.arguments import fill
from headrace.engine.attempt.done import CHECKPOINT_SECONDS, Done
from headrace.engine.plan import Plan, Step
from headrace.engine.traces.call import Call, calling
from headrace.engine.traces.leaving import Traces
from headrace.engine.traces.printing import finish_prints


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A sync function returned something that has to be awaited on the loop."""

    awaitable: Awaitable[Any]
    call: Call
    started_at: datetime


#: What came of one node of a hop.
HopOutcome = Done | Awaiting | BaseException


def steps_of_hop(plan: Plan, first: Step) -> list[Step]:
    """The step, and those that can follow it in its thread."""
    steps = [first]
    while (following := steps[-1].hop) is not None:
        steps.append(plan.steps[following])
    return steps


class Hop:
    """Runs in the thread, up to the first step that fails, or that is slow enough to be stored."""

    def __init__(
        self,
        steps: Sequence[Step],
        values: Mapping[str, Any],
        traces: Traces,
        clock: Clock,
        checked: Callable[[str, object], bytes],
        is_over: Callable[[], bool],
    ) -> None:
        self.steps = steps
        self.outcomes: list[HopOutcome] = []
        self._values = values
        self._own: dict[str, Any] = {}
        self._traces = traces
        self._clock = clock
        self._checked = checked
        self._is_over = is_over
        self._current: Call | None = None

    def run(self, restart: Callable[[float], None]) -> None:
        """Call one step after the other; `restart` begins the time of each."""
        for step in self.steps:
            restart(step.spec.timeout_seconds)
            outcome = self._call(step)
            self.outcomes.append(outcome)
            if self._is_over() or not isinstance(outcome, Done) or _ends_hop(step, outcome):
                return

    def leave(self) -> None:
        """Its time is over: what it runs now is not waited for. Runs on the loop."""
        if self._current is not None:
            self._current.is_left = True

    def _call(self, step: Step) -> HopOutcome:
        call, started_at = Call(self._traces, step.name, self._is_over), self._clock()
        self._current = call
        token = calling.set(call)
        try:
            output = step.spec.function(**fill(step.inputs, self._own, self._values))
            if inspect.isawaitable(output):
                return Awaiting(output, call, started_at)
            encoded = self._checked(step.name, output)
        except BaseException as error:  # noqa: BLE001 - the engine's rim
            return error
        finally:
            calling.reset(token)
            finish_prints(call)
        self._own[step.name] = output
        return Done(output, encoded, started_at, self._clock(), call.emitted, call.finishes)


def _ends_hop(step: Step, done: Done) -> bool:
    return step.spec.options.checkpoint or done.seconds > CHECKPOINT_SECONDS
