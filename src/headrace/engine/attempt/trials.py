"""Calling a node until it succeeds, until its retry is far away, or none is left; and what stands in then."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from headrace.domain.clock import Clock
from headrace.engine.attempt.caller import Caller
from headrace.engine.attempt.done import Done
from headrace.engine.attempt.failures import report_of, told
from headrace.engine.attempt.journal import Journal
from headrace.engine.attempt.outputs import checked
from headrace.engine.attempt.retries import Failure, Retries
from headrace.engine.attempt.routing import check_choice
from headrace.engine.options import Fallback
from headrace.engine.plan import Plan, Step
from headrace.engine.shapes import Router

#: Whether nothing is to be called any more.
IsOver = Callable[[], bool]

#: Calls a node's function once, and is told when.
CallAt = Callable[[datetime], Awaitable[Done]]


class Trials:
    """Of one attempt. Where that is over meanwhile, the answer is None and nothing is counted."""

    def __init__(
        self, plan: Plan, caller: Caller, retries: Retries, journal: Journal, clock: Clock, is_over: IsOver
    ) -> None:
        self._plan = plan
        self._caller = caller
        self._journal = journal
        self._retries = retries
        self._clock = clock
        self._is_over = is_over

    def call(self, step: Step) -> Coroutine[Any, Any, Done | Failure | None]:
        """Call a node; its failure is final, or its retry is more than a moment away."""
        return self._until_done(step, step.name, partial(self._caller.call, step), self._is_over)

    async def call_item(self, step: Step, index: int, item: Any, is_over: IsOver) -> Done | Failure | None:
        """Call the function of a map for one item, unless the map is over."""
        name = item_name(step, index)
        return await self._until_done(
            step,
            name,
            lambda now: self._caller.call_as(step, step.spec, step.inputs, name, now, item=item),
            lambda: self._is_over() or is_over(),
        )

    async def stand_in(self, step: Step, failure: Failure, **given: Any) -> Done | Failure | None:
        """What `on_error` gives for a node, or an item, that failed for good: a Done, or a Failure that stays one."""
        details = {"error": told(failure.error)}
        started_at = failure.started_at or self._clock()
        try:
            done = await self._stand_in(step, failure, started_at, given)
            if done is not None:
                self._accept(step, done)
        except BaseException as error:  # noqa: BLE001 - the engine's rim
            return None if self._is_over() else Failure(failure.node, error, None, started_at, failure.calls)
        if done is None:
            return failure
        return replace(done, started_at=started_at, calls=failure.calls, details=details)

    async def _stand_in(self, step: Step, failure: Failure, started_at: Any, given: dict[str, Any]) -> Done | None:
        spec, name = step.spec.fallback, failure.node or step.name
        if spec is not None:
            report = report_of(failure.error)
            inputs = step.fallback_inputs
            return await self._caller.call_as(
                step, spec, inputs, f"{name}.on_error", self._clock(), error=report, **given
            )
        if isinstance(step.spec.options.on_error, Fallback):
            value = step.spec.options.on_error.value
            return Done(value, checked(name, value), started_at, self._clock())
        return None

    def _accept(self, step: Step, done: Done) -> None:
        """Refuse what a node left, as if it had raised."""
        if step.takes_context:
            self._journal.check_metadata(step.name)
        if isinstance(step.spec.shape, Router):
            check_choice(self._plan, step, done)

    async def _until_done(self, step: Step, name: str, call: CallAt, is_over: IsOver) -> Done | Failure | None:
        now = first_call = self._clock()
        calls = 0
        while not is_over():
            calls += 1
            try:
                done = await call(now)
                self._accept(step, done)
            except BaseException as error:  # noqa: BLE001 - the engine's rim
                if is_over():
                    return None
                failure = self._retries.fail(name, step.spec, error)
            else:
                if calls > 1:
                    done.started_at, done.calls = first_call, calls
                return done
            try:
                if failure.delay_seconds is None or not failure.is_brief:
                    return replace(failure, started_at=first_call, calls=calls)
                await asyncio.sleep(failure.delay_seconds)
            finally:
                del failure  # whose traceback has this frame
            now = self._clock()
        return None


def item_name(step: Step, index: int) -> str:
    """How an item of a map is called in counts, pauses and errors."""
    return f"{step.name}[{index}]"
