"""From an outcome to what is stored: arithmetic alone. Storing it is `headrace.store.settle`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from headrace.domain.event import Losses, NewEvent, Run
from headrace.domain.outcome import Cancelled, Completed, ErrorReport, GivenBack, NodeFailed, Outcome, Suspended, Unfit
from headrace.domain.progress import Progress
from headrace.domain.states import EventState, Reason
from headrace.domain.values import value


@dataclass(frozen=True, slots=True)
class Policy:
    """How many vanished workers a run is worth: those alone with it that a supervisor saw, and those unseen."""

    solo_losses: int = 5
    unseen_losses: int = 50


@value()
class Finished:
    """The run row goes, a result comes, and the events that its nodes emitted are accepted.

    `clears` says whether earlier attempts, or this one, may have left checkpoints or pauses.
    """

    run: Run
    state: EventState
    task_context: bytes | None
    error: ErrorReport | None = None
    node: str | None = None
    reason: Reason | None = None
    progress: Progress = field(default_factory=Progress)
    emitted: Sequence[NewEvent] = ()
    clears: bool = True


@dataclass(frozen=True, slots=True)
class Delayed:
    """The run waits for `due` (None: without an end), or for an event; then anybody may claim it.

    `node` and `error` tell the failed attempt, if it was one.
    """

    run: Run
    due: datetime | None
    reason: Reason
    progress: Progress
    node: str | None = None
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """The run waits until a process announces a pipeline that fits."""

    run: Run
    reason: str
    schema_hash: str | None
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """The run is free to be claimed at once."""

    run: Run
    progress: Progress


Settled = Finished | Delayed | Parked | Released

#: What is left by an attempt that logged nothing and was through.
NOTHING = Progress()


def settle(run: Run, outcome: Outcome) -> Settled:
    """What becomes of a run after an attempt."""
    match outcome:
        case Completed():
            progress = NOTHING if outcome.logged is None else Progress(logged=outcome.logged)
            clears = outcome.stored or not run.is_first
            return Finished(
                run,
                EventState.SUCCEEDED,
                outcome.task_context,
                progress=progress,
                emitted=outcome.emitted,
                clears=clears,
            )
        case NodeFailed(node, error, task_context, progress, emitted):
            return Finished(run, EventState.FAILED, task_context, error, node, Reason.NODE_FAILED, progress, emitted)
        case Cancelled(progress, task_context, emitted):
            return Finished(run, EventState.CANCELLED, task_context, progress=progress, emitted=emitted)
        case Suspended():
            return _suspend(run, outcome)
        case Unfit():
            return Parked(run, outcome.reason, outcome.schema_hash, outcome.error)
        case GivenBack(progress):
            return Released(run, progress)
        case _:
            assert_never(outcome)


def _suspend(run: Run, outcome: Suspended) -> Delayed:
    """Due with the first pause that ends by itself; the reason is that pause's. No run sleeps past its deadline."""
    holding = [pause for pause in outcome.progress.pauses if pause.node not in outcome.unreached]
    ending = [(pause.due, pause.reason) for pause in holding if pause.due is not None]
    due, reason = min(ending, default=(outcome.deadline, Reason.WAIT))
    if due is not None and outcome.deadline is not None:
        due = min(due, outcome.deadline)
    return Delayed(run, due, reason, outcome.progress, outcome.node, outcome.error)


@dataclass(frozen=True, slots=True)
class Lost:
    """After a worker vanished with a run: the new counts, and whether a budget is spent."""

    losses: Losses
    spent: bool


def lose(losses: Losses, *, alone: bool, seen: bool, policy: Policy) -> Lost:
    """Count a loss. Only one that a supervisor saw, of a run alone in its process, is charged to the run itself."""
    counted = Losses(
        total=losses.total + 1,
        solo=losses.solo + (1 if alone and seen else 0),
        unseen=losses.unseen + (0 if seen else 1),
    )
    spent = counted.solo >= policy.solo_losses or counted.unseen >= policy.unseen_losses
    return Lost(counted, spent)
