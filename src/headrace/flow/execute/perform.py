"""One attempt at a run: its event read, its pipeline found and performed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from headrace.domain.clock import Clock
from headrace.domain.event import Run
from headrace.domain.outcome import ErrorReport, GivenBack, NodeFailed, Outcome, Unfit
from headrace.domain.payload import decode
from headrace.domain.progress import Kept, Progress
from headrace.domain.states import Reason
from headrace.engine import (
    Attempt,
    EventSchema,
    Means,
    NodeProcesses,
    NodeThreads,
    PipelineRegistry,
    Resources,
    perform,
)
from headrace.engine.attempt.failures import report_of
from headrace.engine.fit import check_fit
from headrace.errors import SchemaMismatch, UnknownPipeline
from headrace.flow.execute.canceller import Canceller
from headrace.flow.execute.claim import Claimed
from headrace.flow.execute.keeper import Keeper
from headrace.flow.execute.notebook import Notebook
from headrace.store.body import unpack


@dataclass(frozen=True, slots=True)
class Performer:
    """What every attempt in a process is made with. `delay_cap_seconds` shortens the delays before retries."""

    threads: NodeThreads
    processes: NodeProcesses
    resources: Resources
    keeper: Keeper
    notebook: Notebook
    canceller: Canceller
    delay_cap_seconds: float | None
    clock: Clock
    chance: Callable[[], float]

    async def perform(self, claimed: Claimed) -> Outcome:
        """What the run's pipeline makes of its event. Nothing is raised: a cancelled attempt is given back."""
        run = claimed.run
        if claimed.kept is None:
            return GivenBack(as_before(run))
        try:
            body = unpack(run.packed_body)
            data = decode(body)
            event = check_fit(data, PipelineRegistry.schema(run.type))
        except UnknownPipeline:
            return Unfit(Reason.NO_PIPELINE)
        except SchemaMismatch as error:
            report = ErrorReport("SchemaMismatch", _summary(error), error.code)
            return Unfit(Reason.SCHEMA_MISMATCH, PipelineRegistry.hash_of(run.type), report)
        attempt = self._attempt(run, body, data, claimed.kept)
        return await self._follow(run, event, attempt)

    async def _follow(self, run: Run, event: EventSchema, attempt: Attempt) -> Outcome:
        try:
            pipeline = PipelineRegistry.choose(run.type, event, run.pipeline)
        except UnknownPipeline as error:
            report = ErrorReport("UnknownPipeline", str(error), error.code)
            return Unfit(Reason.SCHEMA_MISMATCH, PipelineRegistry.hash_of(run.type), report)
        except Exception as error:  # noqa: BLE001 - the engine's rim: a user's own `when`
            return NodeFailed("when", report_of(error), b"null", as_before(run))
        try:
            return await perform(pipeline, event, attempt, self._means(run))
        finally:
            self.canceller.end(run)

    def _attempt(self, run: Run, body: bytes, data: Mapping[str, Any], kept: Kept) -> Attempt:
        return Attempt(
            number=run.attempt,
            failures=run.failures,
            delay_cap_seconds=self.delay_cap_seconds,
            event_id=run.event_id,
            epoch=run.epoch,
            tenant=run.tenant,
            queue=run.queue,
            begun_at=run.begun_at,
            kept=kept,
            body=body,
            data=data,
        )

    def _means(self, run: Run) -> Means:
        return Means(
            threads=self.threads,
            processes=self.processes,
            resources=self.resources,
            clock=self.clock,
            chance=self.chance,
            take_note=partial(self.notebook.write, run),
            take_cancel=partial(self.canceller.begin, run),
            store=partial(self.keeper.keep, run),
        )


def as_before(run: Run) -> Progress:
    """What is known of a run in which nothing was done."""
    return Progress(run.failures, pipeline=run.pipeline)


def _summary(error: SchemaMismatch) -> str:
    """Where the event does not fit and why, without what it holds."""
    return "; ".join(f"{problem.pointer}: {problem.detail}" for problem in error.problems)
