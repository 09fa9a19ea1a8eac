from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from headrace.domain.outcome import Completed, NodeFailed
from headrace.engine import Attempt, EventSchema, NodeThreads, Pipeline, perform


class TicketOpened(EventSchema, type="ticket.opened"):
    subject: str = "no light"
    body: str = "the lamp is out"


@dataclass
class Worker:
    """Performs one attempt as a worker does, without jitter."""

    threads: NodeThreads
    event: EventSchema = field(default_factory=TicketOpened)

    async def attempt(
        self,
        pipeline: Pipeline,
        failures: Mapping[str, int] | None = None,
        delay_cap_seconds: float | None = None,
    ) -> Completed | NodeFailed:
        attempt = Attempt(1, failures or {}, delay_cap_seconds)
        return await perform(pipeline, self.event, attempt, self.threads, chance=lambda: 0.5)

    async def completed(self, pipeline: Pipeline) -> dict[str, Any]:
        """The stored context of an attempt that must succeed."""
        outcome = await self.attempt(pipeline)
        assert isinstance(outcome, Completed), outcome
        context: dict[str, Any] = orjson.loads(outcome.task_context)
        return context

    async def failed(
        self,
        pipeline: Pipeline,
        failures: Mapping[str, int] | None = None,
        delay_cap_seconds: float | None = None,
    ) -> NodeFailed:
        """The outcome of an attempt that must fail."""
        outcome = await self.attempt(pipeline, failures, delay_cap_seconds)
        assert isinstance(outcome, NodeFailed), outcome
        return outcome
