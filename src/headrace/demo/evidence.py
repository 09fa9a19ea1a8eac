"""What a run of the demo leaves to be judged and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.demo.kill import Kill
from headrace.demo.memory import Memory
from headrace.demo.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Ending:
    """A webhook at the end: `event` is the answer of `GET /events/{id}`, `stored` the body in the database."""

    webhook: Webhook
    event_id: UUID
    event: Mapping[str, Any]
    stored: bytes | None

    @property
    def finished(self) -> bool:
        return self.event["finished_at"] is not None

    @property
    def seconds(self) -> float | None:
        """From its acceptance to its result; None without one."""
        if not self.finished:
            return None
        return (_time(self.event["finished_at"]) - _time(self.event["created_at"])).total_seconds()

    @property
    def nodes(self) -> Mapping[str, Any]:
        """The outputs of the pipeline's nodes; none without a result."""
        nodes: Mapping[str, Any] = (self.event["task_context"] or {}).get("nodes", {})
        return nodes

    @property
    def calls_again(self) -> int:
        """How often a node was called again within the attempt that led to the result."""
        times = (self.event["task_context"] or {}).get("metadata", {}).get("nodes", {})
        return sum(node.get("attempts", 1) - 1 for node in times.values())

    @property
    def lost_workers(self) -> int:
        """How many attempts ended with the end of their worker process."""
        return sum(attempt["outcome"] == "lost" for attempt in self.event["attempts"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. `pipeline` is the one of `example`."""

    endings: Sequence[Ending]
    kill: Kill | None
    accept_seconds: float
    stats: Mapping[str, Any]
    example: Ending
    pipeline: Mapping[str, Any]
    memory: Sequence[Memory]

    @property
    def hit(self) -> list[Ending]:
        """The events whose runs the killed process held right before, or had claimed by the time it was dead."""
        held = self.kill.held if self.kill else frozenset()
        return [ending for ending in self.endings if ending.event_id in held or ending.lost_workers]

    @property
    def finish_seconds(self) -> float:
        """From the first acceptance to the last result that there is."""
        first = min(_time(ending.event["created_at"]) for ending in self.endings)
        finished = (_time(ending.event["finished_at"]) for ending in self.endings if ending.finished)
        return (max(finished, default=first) - first).total_seconds()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
