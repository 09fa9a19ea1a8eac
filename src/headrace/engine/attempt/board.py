"""Which steps of a plan are done, which are skipped, and which can start: bookkeeping, without calling anything."""

from collections.abc import Collection
from enum import IntEnum

from headrace.engine.plan import Plan, Step
from headrace.engine.shapes import Join


class StepState(IntEnum):
    """How far a step has come."""

    AHEAD = 0
    STARTED = 1
    FINISHED = 2
    SKIPPED = 3


#: The states of steps that nothing is to be expected of any more.
DONE = (StepState.FINISHED, StepState.SKIPPED)


class Board:
    """The steps of one attempt. `finish` and `skip` answer the steps that can start because of it.

    A step is skipped if one that it needs was skipped, or all that are before it; a step behind a router counts that
    router as skipped unless it was chosen. `skipped` has the names of the steps that were skipped by rule.
    """

    def __init__(self, plan: Plan) -> None:
        self.states = [StepState.AHEAD] * len(plan.steps)
        self.skipped: list[str] = []
        self._plan = plan
        self._missing = list(plan.missing)
        self._choices: dict[int, Collection[str]] = {}
        self._rules_apply = False
        self._spared: frozenset[str] | None = None

    def start(self) -> list[int]:
        """The steps that can start at once, once those that are restored were finished."""
        ready: list[int] = []
        for position in self._plan.openings:
            if self.states[position] is not StepState.AHEAD:
                continue
            if self._rules_apply and self._is_skipped(self._plan.steps[position]):
                self.skipped.append(self._plan.steps[position].name)
                ready += self._settle(position, StepState.SKIPPED)
            else:
                self.states[position] = StepState.STARTED
                ready.append(position)
        return ready

    def finish(self, position: int, chosen: Collection[str] | None = None) -> list[int]:
        """A step has its output; a router, the names that it chose."""
        if chosen is not None:
            self._choices[position] = chosen
            self._rules_apply = True
        return self._settle(position, StepState.FINISHED)

    def skip(self, position: int) -> list[int]:
        """A step will have no output."""
        self._rules_apply = True
        return self._settle(position, StepState.SKIPPED)

    def stop(self, spared: Collection[str] = ()) -> None:
        """Nothing more starts but steps of these names: what is ahead is skipped as soon as it could start."""
        self._spared = frozenset(spared) if self._spared is None else self._spared.intersection(spared)
        self._rules_apply = True

    def keep_started(self, positions: list[int]) -> list[int]:
        """Those of them that may really start: none after `stop`, which may have come behind what opened them."""
        kept: list[int] = []
        for position in positions:
            step = self._plan.steps[position]
            if not self._is_stopped(step):
                kept.append(position)
                continue
            self.skipped.append(step.name)
            kept += self._settle(position, StepState.SKIPPED)
        return kept

    def is_done(self, position: int) -> bool:
        return self.states[position] in DONE

    def is_last(self, position: int) -> bool:
        """Whether nothing comes behind a step, or beside it."""
        return all(state in DONE for at, state in enumerate(self.states) if at != position)

    def _settle(self, position: int, state: StepState) -> list[int]:
        ready: list[int] = []
        settled = [(position, state)]
        while settled:
            at, state = settled.pop()
            if self.states[at] in DONE:
                continue
            self.states[at] = state
            for other in self._plan.steps[at].dependants:
                self._missing[other] -= 1
                if self.states[other] is not StepState.AHEAD or not self._is_due(other):
                    continue
                if self._rules_apply and self._is_skipped(self._plan.steps[other]):
                    self.skipped.append(self._plan.steps[other].name)
                    settled.append((other, StepState.SKIPPED))
                else:
                    self.states[other] = StepState.STARTED
                    ready.append(other)
        return ready

    def _is_due(self, position: int) -> bool:
        if not self._missing[position]:
            return True
        step = self._plan.steps[position]
        if not (isinstance(step.spec.shape, Join) and step.spec.shape.first):
            return False
        first = {at for at in step.before if self._plan.steps[at].name in step.spec.shape.first}
        others_done = all(self.is_done(at) for at in step.before if at not in first)
        return others_done and any(self._is_open(at, step) for at in first)

    def _is_skipped(self, step: Step) -> bool:
        if self._is_stopped(step):
            return True
        closed = [at for at in step.before if not self._is_open(at, step)]
        if step.before and len(closed) == len(step.before):
            return True
        return any(at in step.needs for at in closed)

    def _is_stopped(self, step: Step) -> bool:
        return self._spared is not None and step.name not in self._spared

    def _is_open(self, at: int, step: Step) -> bool:
        """Whether a step before has an output, and is no router that chose others."""
        chosen = self._choices.get(at)
        return self.states[at] is StepState.FINISHED and (chosen is None or step.name in chosen)
