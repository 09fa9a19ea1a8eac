"""Calling a node's function once: on the loop, in a thread, in a process of its own."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from headrace.engine.attempt.arguments import fill
from headrace.engine.attempt.done import Done
from headrace.engine.attempt.first_step import first_step
from headrace.engine.attempt.hop import Awaiting, Hop, HopOutcome, steps_of_hop
from headrace.engine.attempt.means import Means
from headrace.engine.attempt.outputs import checked
from headrace.engine.attempt.routing import named
from headrace.engine.injection.markers import Secret
from headrace.engine.injection.resources import RunResources
from headrace.engine.plan import Input, Plan, Step
from headrace.engine.shapes import Router
from headrace.engine.spec import NodeSpec
from headrace.engine.traces.call import Call, calling
from headrace.engine.traces.leaving import Traces
from headrace.engine.traces.printing import finish_prints
from headrace.errors import NodeTimeout

#: A cancelled node may take this long to clean up; then it is left to itself.
CANCEL_SECONDS = 1.0

#: Told of a task, and of the call in it, when the node ignores that its time is over.
Abandon = Callable[[asyncio.Task[Any] | None, str, NodeSpec, BaseException], None]


class Caller:
    """Calls the nodes of one attempt; `values` are the event, the context, and outputs by name as they come.

    `abandon` is told of a node that ignores that its time is over; `is_over` says whether the phase of the attempt is.
    """

    def __init__(
        self,
        plan: Plan,
        values: Mapping[str, Any],
        means: Means,
        traces: Traces,
        abandon: Abandon,
        is_over: Callable[[], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._values = values
        self._means = means
        self._traces = traces
        self.abandon = abandon
        self.is_over = is_over
        #: What was opened for this attempt, to be closed at its end.
        self.resources: RunResources | None = None
        self._ahead: dict[int, HopOutcome] = {}

    def call(self, step: Step, now: datetime) -> Coroutine[Any, Any, Done]:
        """Call a node. Raises what it raises, NodeTimeout, OutputNotJson, OutputTooLarge."""
        if step.is_threaded:
            return self._call_in_hop(step)
        return self.call_as(step, step.spec, step.inputs, step.name, now)

    async def call_as(
        self, step: Step, spec: NodeSpec, inputs: Sequence[Input], name: str, started_at: datetime, **given: Any
    ) -> Done:
        """Call a node's function, or the one that stands in for it, under a name; `given` fills what no node fills."""
        arguments = fill(inputs, given, self._values)
        if spec.injected and not spec.options.process:
            await self._inject(spec, arguments)
        call = Call(self._traces, name, self.is_over)
        token = calling.set(call)
        try:
            if spec.options.process:
                output, encoded = await self._run_apart(step, spec, arguments, call)
            elif spec.is_async:
                due = self._due(spec)
                ended, output = first_step(spec.function(**arguments))
                output, encoded = _written(
                    step, name, output if ended else await self._in_time(spec, call, output, due)
                )
            else:
                output, encoded = _written(step, name, await self._run_threaded(spec, arguments, call))
        finally:
            call.is_left = True
            calling.reset(token)
            finish_prints(call)
        return Done(output, encoded, started_at, self._means.clock(), call.emitted, call.finishes)

    def left(self) -> Iterator[tuple[Step, Done]]:
        """What finished in a thread and was not asked for, because the attempt was over."""
        for position, outcome in self._ahead.items():
            if isinstance(outcome, Done):
                yield self._plan.steps[position], outcome

    async def _inject(self, spec: NodeSpec, arguments: dict[str, Any]) -> None:
        """Add resources and secrets, for which a node waits no longer than it may run."""
        if self.resources is None:
            self.resources = await self._means.resources.open_run()
        limit = None if self._means.is_patient else spec.timeout_seconds
        try:
            async with asyncio.timeout(limit) as deadline:
                for parameter, marker in spec.injected.items():
                    arguments[parameter] = await self.resources.get(marker)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise NodeTimeout(f"waited longer than {limit:g} s for its resources") from error

    async def _run_apart(self, step: Step, spec: NodeSpec, arguments: dict[str, Any], call: Call) -> tuple[Any, bytes]:
        """In a process of its own."""
        limit = None if self._means.is_patient else spec.timeout_seconds
        names = {name: marker.name for name, marker in spec.injected.items() if isinstance(marker, Secret)}
        encoded = await self._means.processes.run(
            spec.function, arguments, limit, call, retry_on=spec.retry_on, secrets=names
        )
        return step.item_codec.read(encoded), encoded

    async def _run_threaded(self, spec: NodeSpec, arguments: dict[str, Any], call: Call) -> Any:
        """In a thread, and on the loop what it returns to be awaited."""
        function = partial(spec.function, **arguments)
        output = await self._means.threads.run(function, timeout_seconds=spec.timeout_seconds)
        return await self._in_time(spec, call, output, self._due(spec)) if inspect.isawaitable(output) else output

    async def _call_in_hop(self, step: Step) -> Done:
        outcome = self._ahead.pop(step.position, None)
        if outcome is None:
            await self._hop(steps_of_hop(self._plan, step))
            outcome = self._ahead.pop(step.position)
        try:
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, Done):
                return outcome
            return await self._end_awaiting(step, outcome)
        finally:
            del outcome  # whose traceback has this frame

    async def _end_awaiting(self, step: Step, awaiting: Awaiting) -> Done:
        call = awaiting.call
        token = calling.set(call)
        try:
            output = await self._in_time(step.spec, call, awaiting.awaitable, self._due(step.spec))
            encoded = checked(step.name, output)
        finally:
            calling.reset(token)
            finish_prints(call)
        return Done(output, encoded, awaiting.started_at, self._means.clock(), call.emitted, call.finishes)

    async def _hop(self, steps: Sequence[Step]) -> None:
        """Call steps in one thread; what comes of those behind the first is kept until they are called."""
        hop = Hop(steps, self._values, self._traces, self._means.clock, checked, self.is_over)
        shortest = min(step.spec.timeout_seconds for step in steps)
        outcomes = hop.outcomes
        try:
            await self._means.threads.hop(hop.run, timeout_seconds=shortest)
        except NodeTimeout as late:
            hop.leave()
            outcomes = [*hop.outcomes, late]
        finally:
            self._ahead |= {step.position: outcome for step, outcome in zip(steps, outcomes, strict=False)}
            hop.outcomes.clear()  # the frames of its errors have the hop

    def _due(self, spec: NodeSpec) -> float:
        """When a call that begins now has to be through, by the loop's time."""
        return self._loop.time() + spec.timeout_seconds

    async def _in_time(self, spec: NodeSpec, call: Call, awaitable: Awaitable[Any], due: float) -> Any:
        """Await a node until then; one that ignores its cancellation is abandoned a little later."""
        if self._means.is_patient:
            return await awaitable
        watch = self._loop.call_at(due + CANCEL_SECONDS, _leave, self.abandon, asyncio.current_task(), call.node, spec)
        try:
            async with asyncio.timeout_at(due) as deadline:
                output = await awaitable
        except Exception as error:
            if not deadline.expired():
                raise
            raise _late(spec) from error
        finally:
            watch.cancel()
        if deadline.expired():
            raise _late(spec)
        return output


def _written(step: Step, name: str, output: Any) -> tuple[Any, bytes]:
    if isinstance(step.spec.shape, Router):
        output = named(output)
    return output, checked(name, output)


def _leave(abandon: Abandon, task: asyncio.Task[Any] | None, name: str, spec: NodeSpec) -> None:
    abandon(task, name, spec, _late(spec))


def _late(spec: NodeSpec) -> NodeTimeout:
    return NodeTimeout(f"ran longer than {spec.timeout_seconds:g} s")
