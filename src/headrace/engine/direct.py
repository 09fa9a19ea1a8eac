"""Running a pipeline with no service around it: in a test, a script, a task of the user's own."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from headrace.engine.attempt.caller import CANCEL_SECONDS
from headrace.engine.attempt.execution import Execution
from headrace.engine.attempt.means import Means
from headrace.engine.attempt.retries import Attempt
from headrace.engine.context import TaskContext
from headrace.engine.injection.resources import Resources
from headrace.engine.places.processes import NodeProcesses
from headrace.engine.places.threads import NodeThreads
from headrace.engine.plan import Plan
from headrace.engine.schema import EventSchema
from headrace.errors import RunSuspended

_Result = TypeVar("_Result")


async def run_once(plan: Plan, event: EventSchema) -> TaskContext:
    """Run a plan; a node that fails raises its own error, with a note that names the node.

    Retries after at most a second are made; there is nothing here that could wait longer: a node that would raises
    RunSuspended.
    """
    threads, processes, resources = NodeThreads(), NodeProcesses(), Resources()
    try:
        execution = Execution(plan, event, Attempt(number=1), Means(threads, processes, resources))
        failure = await execution.run()
    finally:
        threads.close()
        await processes.close()
        await resources.close()
    if failure is None and execution.pauses:
        failure = execution.stepper.newest
    if failure is not None:
        failure.error.add_note(f"node {failure.node!r}")
        raise failure.error
    if execution.pauses:
        waiting = ", ".join(repr(pause.node) for pause in execution.pauses.all())
        raise RunSuspended(f"waiting: {waiting}; in a test, headrace.testing lets the time pass")
    return execution.journal.context


def run_blocking(main: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """Run a coroutine to its end; where this thread has a running loop already, in a thread of its own."""
    if not _is_loop_running():
        return _in_new_loop(main)
    here = contextvars.copy_context()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="headrace-run") as pool:
        return pool.submit(here.run, _in_new_loop, main).result()


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_new_loop(main: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """As `asyncio.run`, which would wait for ever for a task that ignores its cancellation."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        try:
            loop.run_until_complete(_cancel_leftovers())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


async def _cancel_leftovers() -> None:
    leftovers = asyncio.all_tasks() - {asyncio.current_task()}
    for task in leftovers:
        task.cancel()
    if leftovers:
        await asyncio.wait(leftovers, timeout=CANCEL_SECONDS)
