"""The whole life of a run in memory: attempt after attempt, with a clock that jumps over every wait."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from headrace.domain.outcome import Cancelled, Completed, GivenBack, NodeFailed, Suspended
from headrace.domain.payload import decode
from headrace.engine import Attempt, EventSchema, Means, NodeThreads, Pipeline, Resources, perform
from headrace.engine.direct import run_blocking
from headrace.errors import Permanent
from headrace.settings import remember_secret
from headrace.testing.lines import keeping_lines
from headrace.testing.memory import Memory
from headrace.testing.run import AttemptMade, PipelineRun
from headrace.testing.watching import Failures, Watch, watched

#: When runs begin, unless a test says otherwise.
START = datetime(2030, 1, 1, tzinfo=UTC)

#: A run that has not ended after so many attempts never does.
MOST_ATTEMPTS = 1_000

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def run_pipeline(
    pipeline: Pipeline,
    event: EventSchema | Mapping[str, Any],
    *,
    nodes: Mapping[str, Any] = _NOTHING,
    resources: Mapping[Callable[..., Any], Any] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
    failures: Failures = _NOTHING,
    crashes: Sequence[str] = (),
    arrivals: Sequence[EventSchema] = (),
    start: datetime = START,
) -> PipelineRun:
    """Run a pipeline on an event as workers would, to its end, without services and without waiting.

    `nodes` has, by name, functions that stand in for nodes', or what those return (of a map: for one item).
    `resources` has values by their factory, `secrets` by name; no secret is read from the environment.
    `failures={"charge": 2}` lets the first two calls of a node fail; a list holds the errors to raise.
    `crashes=["charge"]` lets the process die at the end of its first call; named twice, also of the next. Then another
    attempt goes on with what was stored.
    `arrivals` are accepted after `start`, in this order, for the nodes that wait for them.

    A retry after hours, or `sleep(days=3)`, takes no time, and delays have no jitter; delays up to a second pass
    really, and so do timeouts. Nodes with `process=True` run in threads.

    No error of a node is raised: the PipelineRun tells it. Raises PipelineInvalid, also for a name that is no node's,
    and pydantic's ValidationError where the event does not fit.
    """
    return run_blocking(
        lambda: run_pipeline_async(
            pipeline,
            event,
            nodes=nodes,
            resources=resources,
            secrets=secrets,
            failures=failures,
            crashes=crashes,
            arrivals=arrivals,
            start=start,
        )
    )


async def run_pipeline_async(
    pipeline: Pipeline,
    event: EventSchema | Mapping[str, Any],
    *,
    nodes: Mapping[str, Any] = _NOTHING,
    resources: Mapping[Callable[..., Any], Any] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
    failures: Failures = _NOTHING,
    crashes: Sequence[str] = (),
    arrivals: Sequence[EventSchema] = (),
    start: datetime = START,
) -> PipelineRun:
    """As `run_pipeline`, on the running loop."""
    accepted = pipeline.accept(event)
    copy, watch = watched(pipeline, nodes, failures, crashes)
    opened = Resources(resources, lambda name: _secret(name, secrets))
    life = _Life(copy, accepted, watch, opened, arrivals, start)
    try:
        with keeping_lines():
            return await life.run()
    finally:
        await life.close()


class _Clock:
    """Time since `start`: what really passes, and what is jumped over."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._begun = time.monotonic()
        self._jumped = timedelta()

    def __call__(self) -> datetime:
        return self._start + self._jumped + timedelta(seconds=time.monotonic() - self._begun)

    def jump(self, moment: datetime) -> None:
        """Let it be this moment, if it is ahead."""
        self._jumped += max(moment - self(), timedelta())


class _Life:
    """One run."""

    def __init__(
        self,
        pipeline: Pipeline,
        event: EventSchema,
        watch: Watch,
        resources: Resources,
        arrivals: Sequence[EventSchema],
        start: datetime,
    ) -> None:
        self._pipeline = pipeline
        self._event = event
        self._watch = watch
        self._start = start
        self._clock = _Clock(start)
        self._threads = NodeThreads()
        self._memory = Memory(pipeline.plan, event, arrivals, start)
        self._attempts: list[AttemptMade] = []
        self._means = Means(
            threads=self._threads,
            resources=resources,
            clock=self._clock,
            chance=lambda: 0.5,
            take_note=self._memory.take_note,
            store=self._memory.store,
        )

    async def run(self) -> PipelineRun:
        """Make one attempt after the other."""
        while len(self._attempts) < MOST_ATTEMPTS:
            begun = self._clock()
            outcome = await self._attempt()
            match outcome:
                case None:
                    self._note(begun, "crashed")
                case Completed(task_context=context):
                    self._note(begun, "succeeded")
                    return self._ended("succeeded", outcome, context)
                case NodeFailed(task_context=context):
                    self._note(begun, "failed", outcome)
                    return self._ended("failed", outcome, context)
                case Suspended():
                    self._note(begun, "waiting", outcome)
                    if not self._wake(outcome):
                        break
        return self._ended("waiting", None, self._memory.context())

    async def close(self) -> None:
        """Leave no thread and no resource."""
        self._watch.bury()
        self._threads.close()
        await self._means.resources.close()

    async def _attempt(self) -> Completed | NodeFailed | Suspended | None:
        """What the next attempt comes to; None where the process died."""
        attempt = Attempt(
            number=len(self._attempts) + 1,
            failures=self._memory.failures,
            event_id=self._memory.event_id,
            begun_at=self._start,
            kept=self._memory.kept(),
        )
        event = self._event.model_copy(deep=True)  # a worker reads it anew
        performing = asyncio.create_task(perform(self._pipeline, event, attempt, self._means))
        dying = asyncio.create_task(self._watch.died.wait())
        try:
            await asyncio.wait({performing, dying}, return_when=asyncio.FIRST_COMPLETED)
            self._memory.is_open = not dying.done()
        finally:
            dying.cancel()
            performing.cancel()
            outcome = await performing
        if not self._memory.is_open:
            self._memory.is_open = True
            self._watch.bury()
            return None
        assert not isinstance(outcome, (Cancelled, GivenBack))  # nobody does either here
        return outcome

    def _wake(self, outcome: Suspended) -> bool:
        """Let happen what the run waits for; False where nothing can."""
        self._memory.keep(outcome.progress)
        if self._memory.deliver():
            return True
        holding = [pause for pause in outcome.progress.pauses if pause.node not in outcome.unreached]
        dues = [pause.due for pause in holding if pause.due is not None]
        dues += [] if outcome.deadline is None else [outcome.deadline]
        if dues:
            self._clock.jump(min(dues))
        return bool(dues)

    def _note(
        self,
        begun: datetime,
        outcome: Literal["succeeded", "failed", "waiting", "crashed"],
        ended: NodeFailed | Suspended | None = None,
    ) -> None:
        node, error = (None, None) if ended is None else (ended.node, ended.error)
        self._attempts.append(AttemptMade(len(self._attempts) + 1, begun, outcome, node, error))

    def _ended(
        self, state: Literal["succeeded", "failed", "waiting"], outcome: Completed | NodeFailed | None, context: bytes
    ) -> PipelineRun:
        if outcome is not None:
            self._memory.end(outcome)
        return PipelineRun(
            state=state,
            context=decode(context),
            error=outcome.error if isinstance(outcome, NodeFailed) else None,
            attempts=self._attempts,
            calls=dict(self._watch.calls),
            notes=self._memory.notes,
            emitted=self._memory.emitted,
            lines=self._memory.lines,
            elapsed_seconds=(self._clock() - self._start).total_seconds(),
        )


def _secret(name: str, secrets: Mapping[str, str]) -> str:
    if name not in secrets:
        raise Permanent(f"the secret {name} is not given to this test; hint: secrets={{{name!r}: …}}")
    remember_secret(secrets[name])
    return secrets[name]
