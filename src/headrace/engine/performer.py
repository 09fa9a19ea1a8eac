"""The worker's door: one attempt at one event, from the pipeline to an outcome that can be settled."""

import random
from collections.abc import Callable

from headrace.domain.clock import Clock, utc_now
from headrace.domain.outcome import Completed, NodeFailed
from headrace.engine.execution import Execution, Means
from headrace.engine.failures import report_of
from headrace.engine.pipeline import Pipeline
from headrace.engine.retries import Attempt
from headrace.engine.schema import EventSchema
from headrace.engine.threads import NodeThreads


async def perform(
    pipeline: Pipeline,
    event: EventSchema,
    attempt: Attempt,
    threads: NodeThreads,
    clock: Clock = utc_now,
    chance: Callable[[], float] = random.random,
) -> Completed | NodeFailed:
    """Run a pipeline on an event of its own class.

    Retries after at most a second happen here; a longer wait ends the attempt as NodeFailed, and so does the
    first node that fails for good. Its siblings are cancelled; what others returned is in its `task_context`.
    No error of a node is raised. Cancelling this cancels the nodes. Raises PipelineInvalid.
    """
    execution = Execution(pipeline.plan, event, attempt, Means(threads, clock, chance))
    failure = await execution.run()
    if failure is None:
        return Completed(execution.journal.to_json())
    return NodeFailed(
        node=failure.node,
        error=report_of(failure.error),
        failures=execution.retries.failures,
        backoff=failure.backoff,
        task_context=execution.journal.to_json(),
        permanent=failure.permanent,
        retry_after_seconds=failure.retry_after_seconds,
    )
