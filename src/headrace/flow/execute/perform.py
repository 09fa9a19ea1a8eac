"""One attempt at a run: its event read, its pipeline found and performed."""

from collections.abc import Callable

from headrace.domain.clock import Clock
from headrace.domain.event import Run
from headrace.domain.outcome import ErrorReport, Outcome, Unfit
from headrace.domain.payload import decode
from headrace.domain.states import Reason
from headrace.engine import Attempt, NodeThreads, PipelineRegistry, perform
from headrace.engine.fit import check_fit
from headrace.errors import SchemaMismatch, UnknownPipeline


async def attempt(
    run: Run, threads: NodeThreads, delay_cap_seconds: float | None, clock: Clock, chance: Callable[[], float]
) -> Outcome:
    """What the run's pipeline makes of its event. Only cancellation is raised."""
    try:
        pipeline = PipelineRegistry.get(run.type)
    except UnknownPipeline:
        return Unfit(Reason.NO_PIPELINE)
    try:
        event = check_fit(decode(run.body), pipeline.schema)
    except SchemaMismatch as error:
        report = ErrorReport("SchemaMismatch", _summary(error), error.code)
        return Unfit(Reason.SCHEMA_MISMATCH, pipeline.schema_hash, report)
    tried = Attempt(run.attempt, run.failures, delay_cap_seconds)
    return await perform(pipeline, event, tried, threads, clock, chance)


def _summary(error: SchemaMismatch) -> str:
    """Where the event does not fit and why, without what it holds."""
    return "; ".join(f"{problem.pointer}: {problem.detail}" for problem in error.problems)
