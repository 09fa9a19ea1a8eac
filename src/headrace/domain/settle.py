"""From an outcome to what is stored: arithmetic alone. Storing it is `headrace.store.settle`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from headrace.domain.backoff import delay_seconds
from headrace.domain.event import Losses, Run
from headrace.domain.outcome import Completed, ErrorReport, GivenBack, NodeFailed, Outcome, Unfit
from headrace.domain.states import EventState, Reason


@dataclass(frozen=True, slots=True)
class Policy:
    """What settling depends on beside the run: the cap that a development server puts on delays, the loss budgets."""

    delay_cap_seconds: float | None = None
    solo_losses: int = 5
    unseen_losses: int = 50


@dataclass(frozen=True, slots=True)
class Finished:
    """The run row goes, a result comes."""

    run: Run
    state: EventState
    task_context: bytes | None
    error: ErrorReport | None = None
    node: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Delayed:
    """The run waits for `due`, then anybody may claim it; the failed attempt is kept."""

    run: Run
    due: datetime
    failures: Mapping[str, int]
    node: str
    error: ErrorReport


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
    failures: Mapping[str, int]


Settled = Finished | Delayed | Parked | Released


def settle(run: Run, outcome: Outcome, policy: Policy, now: datetime, chance: float) -> Settled:
    """What becomes of a run after an attempt. `chance` lies in [0, 1) and only spreads retries."""
    match outcome:
        case Completed():
            return Finished(run, EventState.SUCCEEDED, outcome.task_context)
        case NodeFailed():
            return _after_failure(run, outcome, policy, now, chance)
        case Unfit():
            return Parked(run, outcome.reason, outcome.schema_hash, outcome.error)
        case GivenBack():
            return Released(run, {**run.failures, **outcome.failures})
        case _:
            assert_never(outcome)


def _after_failure(run: Run, failed: NodeFailed, policy: Policy, now: datetime, chance: float) -> Finished | Delayed:
    delay = failed.retry_after_seconds
    if delay is None and not failed.permanent:
        count = failed.failures.get(failed.node, 1)
        delay = delay_seconds(failed.backoff, count, chance, policy.delay_cap_seconds)
    if delay is None:
        return Finished(run, EventState.FAILED, failed.task_context, failed.error, failed.node, Reason.NODE_FAILED)
    return Delayed(run, now + timedelta(seconds=delay), failed.failures, failed.node, failed.error)


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
