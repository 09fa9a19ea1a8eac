"""One attempt at an event: every node starts as soon as what it waits for has finished."""

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from headrace.domain.backoff import IN_PROCESS_SECONDS
from headrace.domain.progress import Progress
from headrace.engine.attempt.board import Board
from headrace.engine.attempt.caller import CANCEL_SECONDS, Caller
from headrace.engine.attempt.ending import Ending
from headrace.engine.attempt.failures import report_of
from headrace.engine.attempt.journal import Journal
from headrace.engine.attempt.means import Means
from headrace.engine.attempt.pauses import Pauses
from headrace.engine.attempt.restoring import restore
from headrace.engine.attempt.retries import Attempt, Failure, Retries
from headrace.engine.attempt.stepping import Ready, Stepper
from headrace.engine.attempt.trials import Trials
from headrace.engine.plan import Plan
from headrace.engine.schema import EventSchema
from headrace.engine.spec import CONTEXT, ERROR, EVENT, NodeSpec
from headrace.engine.traces.leaving import Traces
from headrace.errors import DeadlineExceeded, OutputNotJson, RunCancelled, RunTakenOver


class Execution:
    """One event on its way through a plan. A task carries a branch; where branches part, new tasks start.

    So a pipeline without branches is one task, however many nodes it has.
    """

    def __init__(self, plan: Plan, event: EventSchema, attempt: Attempt, means: Means) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun_at = means.clock()
        self.journal = Journal(plan, event, self._begun_at)
        self.pauses = Pauses(attempt.kept, means.clock)
        self._plan = plan
        self._attempt = attempt
        self._means = means
        self._retries = Retries(attempt, means.chance)
        self._traces = Traces(attempt, means.take_note, means.clock)
        self._values: dict[str, Any] = {EVENT: event}
        if plan.takes_context:
            self._values[CONTEXT] = self.journal.context
        self._board = Board(plan)
        self._ending = Ending(self._loop)
        abandon = partial(self._abandon, self._ending)
        self._caller = Caller(plan, self._values, means, self._traces, abandon, self._ending.is_over, self._loop)
        self.stepper = Stepper(
            board=self._board,
            journal=self.journal,
            trials=self._trials(),
            pauses=self.pauses,
            values=self._values,
            kept=attempt.kept,
            means=means,
            end=self._ending.end,
            wake_at=self._wake_at,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[int, tuple[float, asyncio.Handle]] = {}
        self._was_cancelled = False

    @property
    def deadline(self) -> datetime | None:
        """When the run has to be through."""
        seconds = self._plan.deadline_seconds
        if seconds is None or self._means.is_patient:
            return None
        return (self._attempt.begun_at or self._begun_at) + timedelta(seconds=seconds)

    async def run(self) -> Failure | None:
        """Run every node that can run. None: all are through, but for those that `pauses` hold."""
        deadline = self._watch_deadline()
        self._means.take_cancel(self.cancel)
        try:
            self.journal.write_event(self._attempt.body, self._attempt.data)
            opened = restore(self._plan, self._attempt.kept, self._board, self.journal, self._values)
            failure = await self._phase(opened)
            if deadline is not None:
                deadline.cancel()
            if self._plan.endings and self._is_ending(failure):
                failure = await self._end(failure)
            return failure
        except OutputNotJson as error:
            return Failure(EVENT, error)
        finally:
            await self._stop()
            if self._caller.resources is not None:
                await self._caller.resources.close()
            for name in self._board.skipped:
                self.journal.skip(name)
            self.journal.finish(self._means.clock())
            # Nothing refers back any more: the attempt is freed at once, and not by the garbage collector.
            self.stepper.wake_at = self._caller.abandon = _ignore

    def cancel(self) -> None:
        """End it as an operator asks. What runs at the end because of that is left in peace."""
        if not self._was_cancelled and not self._ending.is_over():
            self._was_cancelled = True
            self._ending.end(Failure(None, RunCancelled("the run was cancelled")))

    @property
    def logged(self) -> bytes | None:
        """The lines of this attempt, as JSON."""
        return self._traces.lines.to_json()

    def progress(self) -> Progress:
        """What this attempt leaves for the next one."""
        return Progress(
            failures=self._retries.failures,
            checkpoints=self.journal.unsaved(),
            pauses=self.pauses.all(),
            logged=self.logged,
            pipeline=self._plan.label,
        )

    def _trials(self) -> Trials:
        """Those of this phase: for what an earlier one left to itself, the attempt stays over."""
        return Trials(self._plan, self._caller, self._retries, self.journal, self._means.clock, self._ending.is_over)

    async def _phase(self, ready: Ready) -> Failure | None:
        """Take these steps and all that follow; the failure that ended it, if one did."""
        self._start(ready)
        if not self._tasks and not self._ending.is_over():
            self._rest()
        failure = await self._ending.over
        if failure is not None:
            await self._stop()
        return failure

    def _is_ending(self, failure: Failure | None) -> bool:
        if failure is None:
            return not self.pauses
        return not isinstance(failure.error, RunTakenOver)

    async def _end(self, failure: Failure | None) -> Failure | None:
        """The nodes that always run. What fails there fails a run that had not failed before."""
        self._ending = Ending(self._loop)
        self._caller.abandon, self._caller.is_over = partial(self._abandon, self._ending), self._ending.is_over
        self.stepper.trials, self.stepper.end = self._trials(), self._ending.end
        self._values[ERROR] = None if failure is None else report_of(failure.error)
        self.stepper.failure = failure
        if failure is not None:
            self.journal.fail_run()
        ended = await self._phase([at for at in self._plan.endings if not self._board.is_done(at)])
        return failure or ended

    def _start(self, ready: Sequence[int]) -> None:
        for position in ready:
            walking = self._loop.create_task(self._walk(position))
            walking.add_done_callback(self._walked)
            self._tasks.add(walking)

    async def _walk(self, position: int) -> None:
        """Take a step, and the first of those that can start because of it, and so on."""
        over = self._ending.over
        while not over.done():
            ready = await self.stepper.take(self._plan.steps[position])
            if not ready or over.done():
                return
            self._start(ready[1:])
            position = ready[0]

    def _walked(self, walking: asyncio.Task[None]) -> None:
        """No fault of the walk itself may leave the attempt without an end."""
        if walking not in self._tasks:
            return  # left to itself
        self._tasks.discard(walking)
        if walking.cancelled() or self._ending.is_over():
            return
        if (error := walking.exception()) is not None:
            self._ending.break_off(error)
        elif not self._tasks:
            self._rest()

    def _rest(self) -> None:
        """Nothing runs: the attempt is over, unless something goes on in a moment."""
        seconds = self.pauses.nearest_seconds()
        if seconds is None or seconds > IN_PROCESS_SECONDS:
            self._ending.end()

    def _wake_at(self, position: int, due: datetime) -> None:
        """While others run, a node that is held goes on in this attempt."""
        moment = self._loop.time() + max(0.0, (due - self._means.clock()).total_seconds())
        earlier, timer = self._timers.get(position, (math.inf, None))
        if earlier <= moment:
            return
        if timer is not None:
            timer.cancel()
        self._timers[position] = moment, self._loop.call_at(moment, self._wake, position)

    def _wake(self, position: int) -> None:
        del self._timers[position]
        if not self._ending.is_over():
            self._start([position])

    def _abandon(
        self, ending: Ending, task: asyncio.Task[Any] | None, name: str, spec: NodeSpec, error: BaseException
    ) -> None:
        """A node ignores its cancellation: the attempt ends without it."""
        if ending.is_over():
            return
        self._tasks -= {task}
        failure = self._retries.fail(name, spec, error)
        if failure.is_final:
            ending.end(failure)
        else:
            self.stepper.hold_retry(name, failure)
            ending.end()

    def _watch_deadline(self) -> asyncio.TimerHandle | None:
        if self.deadline is None:
            return None
        left = (self.deadline - self._means.clock()).total_seconds()
        late = Failure(None, DeadlineExceeded(f"the run took longer than {self._plan.deadline_seconds:g} s"))
        if left > 0:
            return self._loop.call_later(left, self._ending.end, late)
        self._ending.end(late)  # before any node is called
        return None

    async def _stop(self) -> None:
        """Cancel what still runs. A node in a thread is not waited for; one that ignores this, not long."""
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        running = [task for task in self._tasks if not task.done()]
        self._tasks.clear()
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CANCEL_SECONDS)
        for step, done in self._caller.left():
            self.journal.keep(step, done)
            self._values[step.name] = done.output


def _ignore(*_: object) -> None:
    """For what comes when the attempt is over."""
