"""One walk through a plan: every node starts as soon as what it waits for has finished."""

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from headrace.domain.clock import Clock, utc_now
from headrace.domain.outcome import Backoff
from headrace.engine.journal import Journal
from headrace.engine.node import CONTEXT, EVENT, NodeSpec
from headrace.engine.plan import Plan, Step
from headrace.engine.retries import Attempt, Failure, Retries
from headrace.engine.schema import EventSchema
from headrace.engine.threads import NodeThreads
from headrace.errors import NodeTimeout, OutputNotJson

#: A cancelled node may take this long to clean up; then it is left to itself.
CANCEL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Means:
    """What an execution needs from outside: threads for sync nodes, the time, and chance in [0, 1)."""

    threads: NodeThreads
    clock: Clock = utc_now
    chance: Callable[[], float] = random.random


class Execution:
    """One event on its way through a plan. A task carries a branch; where branches part, new tasks start.

    So a pipeline without branches is one task, however many nodes it has.
    """

    def __init__(self, plan: Plan, event: EventSchema, attempt: Attempt, means: Means) -> None:
        self.journal = Journal(plan.pipeline, event, means.clock())
        self.retries = Retries(attempt, means.chance)
        self._plan = plan
        self._means = means
        self._values: dict[str, Any] = {EVENT: event, CONTEXT: self.journal.context}
        self._missing = [step.missing for step in plan.steps]
        self._unfinished = len(plan.steps)
        self._tasks: set[asyncio.Task[None]] = set()
        self._end: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()

    async def run(self) -> Failure | None:
        """Run every node, or up to the first that fails for this attempt; None says that all finished."""
        try:
            self.journal.write_event()
            self._start(self._plan.roots)
            return await self._end if self._plan.steps else None
        except OutputNotJson as error:
            return Failure(EVENT, error, Backoff(()), permanent=True)
        finally:
            await self._stop()
            self.journal.finish(self._means.clock())

    def _start(self, positions: Iterable[int]) -> None:
        for position in positions:
            walking = asyncio.create_task(self._walk(position))
            walking.add_done_callback(self._walked)
            self._tasks.add(walking)

    def _walked(self, walking: asyncio.Task[None]) -> None:
        """No fault of the walk itself may leave the attempt without an end."""
        if walking.cancelled() or self._end.done():
            return
        if (error := walking.exception()) is not None:
            self._end.set_exception(error)

    async def _stop(self) -> None:
        """Cancel what still runs. A node in a thread is not waited for; one that ignores this, not long."""
        running = [task for task in self._tasks if not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CANCEL_SECONDS)

    async def _walk(self, position: int | None) -> None:
        while position is not None and await self._finish(self._plan.steps[position]):
            position = self._advance(position)

    def _advance(self, position: int) -> int | None:
        """Start what waited for this step alone; the first of it goes on in the task of the step."""
        ready = []
        for dependant in self._plan.steps[position].dependants:
            self._missing[dependant] -= 1
            if self._missing[dependant] == 0:
                ready.append(dependant)
        self._unfinished -= 1
        if self._unfinished == 0:
            self._end.set_result(None)
        self._start(ready[1:])
        return ready[0] if ready else None

    async def _finish(self, step: Step) -> bool:
        """Call a node until it succeeds or the attempt is over; says which."""
        started_at = self._means.clock()
        calls = 0
        while not self._end.done():
            calls += 1
            failure = await self._call(step)
            if self._end.done():
                break
            self.journal.time(step.spec.name, started_at, self._means.clock(), calls)
            if failure is None:
                return True
            if failure.pause_seconds is None:
                self._end.set_result(failure)
            else:
                await asyncio.sleep(failure.pause_seconds)
        return False

    async def _call(self, step: Step) -> Failure | None:
        """Call a node once and keep its output. Whatever it raises is its failure and nobody else's."""
        try:
            output = await self._output_of(step)
            encoded = self.journal.written(step, output)
        except BaseException as error:  # noqa: BLE001 - the engine's rim
            return None if self._end.done() else self.retries.fail(step.spec, error)
        if not self._end.done():
            self.journal.keep(step.spec.name, output, encoded)
            self._values[step.spec.name] = output
        return None

    async def _output_of(self, step: Step) -> Any:
        spec = step.spec
        arguments = {name: self._values[name] for name in step.inputs}
        if spec.is_async:
            return await self._in_time(spec, spec.function(**arguments))
        call = partial(spec.function, **arguments)
        output = await self._means.threads.run(call, timeout_seconds=spec.timeout_seconds)
        return await self._in_time(spec, output) if inspect.isawaitable(output) else output

    async def _in_time(self, spec: NodeSpec, awaitable: Awaitable[Any]) -> Any:
        """Await a node up to its timeout; one that ignores its cancellation is abandoned a little later."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        late = spec.timeout_seconds + CANCEL_SECONDS
        watch = loop.call_later(late, self._abandon, spec, task)
        try:
            async with asyncio.timeout(spec.timeout_seconds) as deadline:
                output = await awaitable
        except Exception as error:
            if not deadline.expired():
                raise
            raise _timeout(spec) from error
        finally:
            watch.cancel()
        if deadline.expired():
            raise _timeout(spec)
        return output

    def _abandon(self, spec: NodeSpec, task: asyncio.Task[None] | None) -> None:
        if not self._end.done():
            self._tasks -= {task}
            self._end.set_result(self.retries.fail(spec, _timeout(spec)))


def _timeout(spec: NodeSpec) -> NodeTimeout:
    return NodeTimeout(f"ran longer than {spec.timeout_seconds:g} s")
