"""Taking one step to its end, whatever its shape: done, skipped, paused, or failed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from headrace.domain.progress import Kept
from headrace.engine.attempt.board import Board
from headrace.engine.attempt.done import CHECKPOINT_SECONDS, Done
from headrace.engine.attempt.journal import Journal
from headrace.engine.attempt.mapping import MapRun
from headrace.engine.attempt.means import Means
from headrace.engine.attempt.pauses import Pauses
from headrace.engine.attempt.retries import Failure
from headrace.engine.attempt.routing import chosen_names
from headrace.engine.attempt.trials import Trials, item_name
from headrace.engine.attempt.waiting import items_of, look
from headrace.engine.plan import Step
from headrace.engine.shapes import Map, Router, Sleep, Wait
from headrace.errors import RunTakenOver

#: Positions of the steps that can start now.
Ready = Sequence[int]


@dataclass
class Stepper:
    """Takes the steps of one attempt. `end` ends the attempt; `wake_at` has a step taken again at a moment.

    `failure` is why the run fails, once the nodes run that always run at its end.
    """

    board: Board
    journal: Journal
    trials: Trials
    pauses: Pauses
    values: dict[str, Any]
    kept: Kept
    means: Means
    end: Callable[[Failure], None]
    wake_at: Callable[[int, datetime], None]
    failure: Failure | None = None
    stored: bool = False
    _maps: dict[int, MapRun] = field(default_factory=dict)
    _late: dict[str, Failure] = field(default_factory=dict)

    @property
    def newest(self) -> Failure | None:
        """The newest failure among those whose node is held until its retry."""
        held = [failure for name, failure in self._late.items() if self.pauses.holds(name)]
        return held[-1] if held else None

    @property
    def late(self) -> Collection[Failure]:
        """The failures whose node, or item, was held until its retry; newest last."""
        return self._late.values()

    async def take(self, step: Step) -> Ready:
        """Run a step; the answer is those that can start now: none where it is paused, or the attempt is over."""
        shape = step.spec.shape
        outcome: Done | Failure | None = None
        if isinstance(shape, Map):
            outcome = await self._map(step, shape)
        elif isinstance(shape, (Sleep, Wait)):
            outcome = self._look(step, shape)
        elif self.pauses.still_holds(step.name):
            self._hold(step, step.name)
        else:
            outcome = await self.trials.call(step)
            if isinstance(outcome, Failure):
                outcome = await self._recover(step, outcome)
        if isinstance(outcome, Done):
            self._keep(step, outcome)
            if self._is_worth_storing(step, outcome) and not self.board.is_last(step.position):
                await self.save()
            return self.board.finish(step.position, chosen_names(outcome.output) if isinstance(shape, Router) else None)
        return () if outcome is None else self._give_up(step, outcome)

    async def save(self) -> None:
        """Store what is finished before anything builds on it. A run that was taken over ends here."""
        checkpoints = self.journal.unsaved()
        if self.means.store is None or not checkpoints:
            return
        if await self.means.store(checkpoints):
            self.journal.saved(checkpoints)
            self.stored = True
        else:
            self.end(Failure(None, RunTakenOver("another process has claimed the run meanwhile")))

    def _keep(self, step: Step, done: Done) -> None:
        self.journal.keep(step, done)
        self.means.take_output(step.name, done)
        self.values[step.name] = done.output
        if done.finishes:
            self.board.stop()

    async def _recover(self, step: Step, failure: Failure) -> Done | Failure | None:
        """Hold the node until its retry, or take what stands in for it."""
        if failure.delay_seconds is not None and self.failure is None:
            self.hold_retry(step.name, failure)
            self._await_retry(step, step.name, failure)
            return None
        return await self.trials.stand_in(step, failure)

    async def _map(self, step: Step, shape: Map) -> Done | Failure | None:
        try:
            run = self._maps.get(step.position) or self._begin(step, shape)
            await run.run(
                shape.limit,
                lambda index, done: self._keep_item(step, index, done),
                lambda index, failure: self.hold_retry(item_name(step, index), failure),
                self.pauses.still_holds,
            )
            if run.is_through:
                return run.total(self.means.clock())
        except Exception as error:  # noqa: BLE001 - the engine's rim: no list, or too long a list
            return Failure(step.name, error)
        if run.failure is not None:
            return run.failure
        for index, failure in run.late.items():
            self._await_retry(step, item_name(step, index), failure)
        run.late.clear()
        for index in run.paused:
            self._hold(step, item_name(step, index))
        return None

    def _begin(self, step: Step, shape: Map) -> MapRun:
        run = self._maps[step.position] = MapRun(step, items_of(shape, self.values), self.trials, self.means.clock())
        for checkpoint in self.kept.checkpoints:
            if checkpoint.node == step.name and checkpoint.version == step.version:
                run.restore(checkpoint)
        return run

    async def _keep_item(self, step: Step, index: int, done: Done) -> None:
        self.journal.keep_item(step, index, done)
        if self._is_worth_storing(step, done):
            await self.save()

    def _look(self, step: Step, shape: Sleep | Wait) -> Done | Failure | None:
        now, earlier = self.means.clock(), self.pauses.earlier(step.name)
        try:
            found = look(step, shape, self.values, self.kept, earlier, now)
        except Exception as error:  # noqa: BLE001 - the engine's rim: a user's key, a user's event class
            return Failure(step.name, error)
        if isinstance(found, Done):
            return found
        self.pauses.add(found)
        self._hold(step, step.name)
        return None

    def hold_retry(self, name: str, failure: Failure) -> None:
        """Hold a node, or an item, until its retry."""
        self._late.pop(name, None)
        self._late[name] = failure
        self.pauses.retry(name, self.means.clock() + timedelta(seconds=failure.delay_seconds or 0.0))

    def _await_retry(self, step: Step, name: str, failure: Failure) -> None:
        now = self.means.clock()
        self._hold(step, name)
        self.journal.fail(step.name, failure.started_at or now, now, failure.calls, "waiting")

    def _hold(self, step: Step, name: str) -> None:
        self.journal.wait(step.name, self.means.clock())
        due = self.pauses.due_of(name)
        if due is not None:
            self.wake_at(step.position, due)

    def _give_up(self, step: Step, failure: Failure) -> Ready:
        now = self.means.clock()
        if step.spec.options.on_error == "skip" and not isinstance(step.spec.shape, Map):
            self.journal.skip_failed(step, failure.error, failure.calls)
            return self.board.skip(step.position)
        self.journal.fail(step.name, failure.started_at or now, now, failure.calls, "failed")
        if self.failure is None:
            self.end(failure)
        return ()

    @staticmethod
    def _is_worth_storing(step: Step, done: Done) -> bool:
        return step.spec.options.checkpoint or done.seconds > CHECKPOINT_SECONDS
