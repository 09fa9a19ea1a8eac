from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from headrace.domain.clock import Clock, utc_now
from headrace.domain.ids import new_id
from headrace.domain.outcome import Cancelled, Completed, GivenBack, NodeFailed, Suspended
from headrace.domain.progress import Arrival, Checkpoint, Kept, Pause, Progress
from headrace.engine import Attempt, EventSchema, Means, NodeProcesses, NodeThreads, Pipeline, perform
from headrace.errors import PipelineInvalid

#: What one attempt comes to.
Result = Completed | NodeFailed | Cancelled | Suspended | GivenBack


class TicketOpened(EventSchema, type="ticket.opened"):
    subject: str = "no light"
    body: str = "the lamp is out"


class Plain:
    """Has no JSON form."""


class Flaky:
    """A function that raises what it is given, one at a call, and then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = iter(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        for error in self.errors:
            raise error
        return self.calls


@dataclass
class VirtualClock:
    """Stands still until somebody moves it."""

    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Worker:
    """Performs one attempt as a worker does, without jitter."""

    threads: NodeThreads
    event: EventSchema = field(default_factory=TicketOpened)
    clock: Clock = utc_now
    notes: list[tuple[str, Any]] = field(default_factory=list)
    cancels: list[Callable[[], None]] = field(default_factory=list)
    processes: NodeProcesses = field(default_factory=NodeProcesses)

    def means(self, store: Callable[[Sequence[Checkpoint]], Any] | None = None) -> Means:
        return Means(
            self.threads,
            self.processes,
            clock=self.clock,
            chance=lambda: 0.5,
            take_note=self._take_note,
            take_cancel=self.cancels.append,
            store=store,
        )

    def cancel(self) -> None:
        """Cancel the newest attempt, as an operator does."""
        self.cancels[-1]()

    async def attempt(
        self,
        pipeline: Pipeline,
        failures: Mapping[str, int] | None = None,
        delay_cap_seconds: float | None = None,
    ) -> Result:
        attempt = Attempt(1, failures or {}, delay_cap_seconds)
        return await perform(pipeline, self.event, attempt, self.means())

    async def completed(self, pipeline: Pipeline) -> dict[str, Any]:
        """The stored context of an attempt that must succeed."""
        return context_of(await self.attempt(pipeline))

    async def failed(
        self,
        pipeline: Pipeline,
        failures: Mapping[str, int] | None = None,
        delay_cap_seconds: float | None = None,
    ) -> NodeFailed:
        """The outcome of an attempt that must fail for good."""
        outcome = await self.attempt(pipeline, failures, delay_cap_seconds)
        assert isinstance(outcome, NodeFailed), outcome
        return outcome

    async def suspended(
        self,
        pipeline: Pipeline,
        failures: Mapping[str, int] | None = None,
        delay_cap_seconds: float | None = None,
    ) -> Suspended:
        """The outcome of an attempt that must end in pauses."""
        outcome = await self.attempt(pipeline, failures, delay_cap_seconds)
        assert isinstance(outcome, Suspended), outcome
        return outcome

    def _take_note(self, node: str, note: bytes) -> None:
        self.notes.append((node, orjson.loads(note)))


@dataclass
class LongRun:
    """A run over several attempts: what each leaves is kept for the next, as the store keeps it."""

    worker: Worker
    pipeline: Pipeline
    event_id: UUID = field(default_factory=new_id)
    number: int = 0
    epoch: int = 1
    begun_at: datetime | None = None
    failures: Mapping[str, int] = field(default_factory=dict)
    checkpoints: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)
    pauses: Sequence[Pause] = ()
    arrivals: dict[str, Arrival] = field(default_factory=dict)

    async def attempt(self) -> Result:
        outcome = await self.try_once()
        if not isinstance(outcome, Completed):
            self.take_over(outcome.progress)
        return outcome

    async def try_once(self) -> Result:
        """An attempt of which only what is stored meanwhile is kept, as in a process that dies before it settles."""
        self.number += 1
        self.begun_at = self.begun_at or self.worker.clock()
        kept = Kept(tuple(self.checkpoints.values()), tuple(self.pauses), self.arrivals)
        attempt = Attempt(
            self.number,
            self.failures,
            event_id=self.event_id,
            epoch=self.epoch,
            begun_at=self.begun_at,
            kept=kept,
        )
        return await perform(self.pipeline, self.worker.event, attempt, self.worker.means(self.store))

    async def completed(self) -> dict[str, Any]:
        """The stored context of an attempt that must succeed."""
        return context_of(await self.attempt())

    async def suspended(self) -> Suspended:
        outcome = await self.attempt()
        assert isinstance(outcome, Suspended), outcome
        return outcome

    async def failed(self) -> NodeFailed:
        outcome = await self.attempt()
        assert isinstance(outcome, NodeFailed), outcome
        return outcome

    async def store(self, checkpoints: Sequence[Checkpoint]) -> bool:
        self.checkpoints |= {(checkpoint.node, checkpoint.item): checkpoint for checkpoint in checkpoints}
        return True

    def take_over(self, progress: Progress) -> None:
        self.failures, self.pauses = progress.failures, progress.pauses
        self.checkpoints |= {(checkpoint.node, checkpoint.item): checkpoint for checkpoint in progress.checkpoints}


def context_of(outcome: Result) -> dict[str, Any]:
    """The stored context of an outcome that must be a success."""
    assert isinstance(outcome, Completed), outcome
    context: dict[str, Any] = orjson.loads(outcome.task_context)
    return context


def states_of(context: Mapping[str, Any]) -> dict[str, str]:
    """The state of each node of a stored context."""
    return {name: node["state"] for name, node in context["metadata"]["nodes"].items()}


def the_mistake_of(pipeline: Pipeline) -> str:
    """The one mistake of a pipeline, as it is told."""
    with pytest.raises(PipelineInvalid) as raised:
        pipeline.check()
    [problem] = raised.value.problems
    return problem
