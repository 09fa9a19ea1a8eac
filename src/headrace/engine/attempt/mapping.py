"""A node that is called for each item of a list, so many at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from headrace.domain.event import NewEvent
from headrace.domain.payload import decode
from headrace.domain.progress import Checkpoint
from headrace.engine.attempt.done import Done
from headrace.engine.attempt.failures import told
from headrace.engine.attempt.outputs import check_size
from headrace.engine.attempt.retries import Failure
from headrace.engine.attempt.trials import Trials, item_name
from headrace.engine.plan import Step

#: The largest output of a whole map, as JSON.
MOST_LIST_BYTES = 16 * 1024 * 1024

#: So many items are called before the loop looks at other runs.
ITEMS_IN_A_ROW = 10

#: Of the items that failed, so many are told in the metadata.
MOST_TOLD = 20

#: Takes each item that is done.
KeepItem = Callable[[int, Done], Awaitable[None]]

#: Takes each item whose retry is far away.
HoldItem = Callable[[int, Failure], None]


class MapRun:
    """The items of one map in one attempt. `done` has those that are through, `paused` those that are held.

    `late` has the failures whose retry is far away, and `failure` is set where an item failed for good and nothing
    stands in for it.
    """

    def __init__(self, step: Step, items: Sequence[Any], trials: Trials, started_at: datetime) -> None:
        self.done: dict[int, Done] = {}
        self.paused: list[int] = []
        self.late: dict[int, Failure] = {}
        self.failure: Failure | None = None
        self._step = step
        self._items = items
        self._trials = trials
        self._started_at = started_at
        self._errors: dict[int, str] = {}
        self._working: list[asyncio.Task[None]] = []

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over an item that an earlier attempt finished, if it still fits."""
        if checkpoint.output is None or not 0 <= checkpoint.item < len(self._items):
            return
        with suppress(ValueError):
            output = None if checkpoint.output == b"null" else self._step.item_codec.read(checkpoint.output)
            times = decode(checkpoint.times)
            started_at, finished_at = (datetime.fromisoformat(times[name]) for name in ("started_at", "finished_at"))
            self.done[checkpoint.item] = Done(
                output,
                checkpoint.output,
                started_at,
                finished_at,
                checkpoint.emitted,
                "finishes" in times,
                times["attempts"],
            )
            if "error" in times:
                self._errors[checkpoint.item] = times["error"]

    async def run(self, limit: int, keep: KeepItem, hold: HoldItem, still_holds: Callable[[str], bool]) -> None:
        """Call the function for each item that is neither through nor held."""
        ahead = [index for index in range(len(self._items)) if index not in self.done]
        self.paused = [index for index in ahead if still_holds(item_name(self._step, index))]
        held = set(self.paused)
        free = [index for index in ahead if index not in held]
        queue = iter(free)
        async with asyncio.TaskGroup() as group:
            works = (self._work(queue, keep, hold) for _ in range(min(limit, len(free))))
            self._working = [group.create_task(work) for work in works]
        self._working = []

    @property
    def is_through(self) -> bool:
        return len(self.done) == len(self._items)

    def total(self, now: datetime) -> Done:
        """The list of all outputs, in the order of the items; None where one was skipped. Raises OutputTooLarge."""
        parts = [self.done[index] for index in range(len(self._items))]
        encoded = b"[" + b",".join(part.encoded for part in parts) + b"]"
        check_size(self._step.name, encoded, MOST_LIST_BYTES)
        emitted: list[NewEvent] = [event for part in parts for event in part.emitted]
        counts: dict[str, Any] = {"total": len(parts), "failed": len(self._errors)}
        if self._errors:
            counts["errors"] = {str(index): self._errors[index] for index in sorted(self._errors)[:MOST_TOLD]}
        finishes = any(part.finishes for part in parts)
        outputs = [part.output for part in parts]
        return Done(outputs, encoded, self._started_at, now, emitted, finishes, details={"items": counts})

    async def _work(self, queue: Iterator[int], keep: KeepItem, hold: HoldItem) -> None:
        for index in queue:
            if index % ITEMS_IN_A_ROW == ITEMS_IN_A_ROW - 1:
                await asyncio.sleep(0)  # a long list of quick items would hold up the other runs
            outcome = await self._trials.call_item(self._step, index, self._items[index], self._has_failed)
            if isinstance(outcome, Failure) and outcome.is_final:
                self._errors[index] = told(outcome.error)
                outcome = await self._instead(outcome, index)
            match outcome:
                case Done():
                    self.done[index] = outcome
                    await keep(index, outcome)
                case Failure() if self.failure is not None:
                    return  # cancelled while something stood in for it
                case Failure(delay_seconds=None):
                    self._fail(outcome)
                    return
                case Failure():
                    self.late[index] = outcome
                    hold(index, outcome)
                case None:
                    return

    def _fail(self, failure: Failure) -> None:
        """End what runs for other items. Nothing is raised: an error that went through a group would not be freed."""
        self.failure = failure
        for task in self._working:
            if task is not asyncio.current_task():
                task.cancel()

    def _has_failed(self) -> bool:
        return self.failure is not None

    async def _instead(self, failure: Failure, index: int) -> Done | Failure | None:
        if self._step.spec.options.on_error == "skip":
            now = failure.started_at or self._started_at
            return Done(None, b"null", now, now, calls=failure.calls, details={"error": told(failure.error)})
        return await self._trials.stand_in(self._step, failure, item=self._items[index])
