"""The worker's door: one attempt at one event, from the pipeline to an outcome that can be settled."""

import asyncio

from headrace.domain.outcome import Cancelled, Completed, GivenBack, NodeFailed, Suspended
from headrace.engine.attempt.execution import Execution
from headrace.engine.attempt.failures import let_go, report_of
from headrace.engine.attempt.means import Means
from headrace.engine.attempt.retries import Attempt, Failure
from headrace.engine.pipeline import Pipeline
from headrace.engine.schema import EventSchema
from headrace.errors import RunCancelled


async def perform(
    pipeline: Pipeline, event: EventSchema, attempt: Attempt, means: Means
) -> Completed | NodeFailed | Cancelled | Suspended | GivenBack:
    """Run a pipeline on an event of its own class.

    Retries after at most a second, and those that come while other nodes still run, happen here. The first node that
    fails for good ends the attempt: its siblings are cancelled. No error of a node is raised. Cancelling this cancels
    the nodes, and answers GivenBack. Raises PipelineInvalid.
    """
    execution = Execution(pipeline.plan, event, attempt, means)
    try:
        failure = await execution.run()
    except asyncio.CancelledError:
        return GivenBack(execution.progress())
    try:
        return _outcome_of(execution, failure)
    finally:
        for one in (failure, *execution.stepper.late):
            if one is not None:
                let_go(one.error)


def _outcome_of(execution: Execution, failure: Failure | None) -> Completed | NodeFailed | Cancelled | Suspended:
    if failure is not None:
        return _ended(execution, failure)
    if execution.pauses:
        return _suspended(execution, execution.stepper.newest)
    journal = execution.journal
    return Completed(journal.to_json(), journal.emitted, execution.logged, execution.stepper.stored)


def _suspended(execution: Execution, newest: Failure | None) -> Suspended:
    return Suspended(
        execution.progress(),
        None if newest is None else newest.node,
        None if newest is None else report_of(newest.error),
        execution.deadline,
        execution.pauses.unreached(),
    )


def _ended(execution: Execution, failure: Failure) -> NodeFailed | Cancelled:
    if failure.node is None and isinstance(failure.error, RunCancelled):
        return Cancelled(execution.progress(), execution.journal.to_json(), execution.journal.emitted)
    return NodeFailed(
        node=failure.node,
        error=report_of(failure.error),
        task_context=execution.journal.to_json(),
        progress=execution.progress(),
        emitted=execution.journal.emitted,
    )
