"""What a call of a node's function came to, when it did not raise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.domain.event import NewEvent

#: The output of a node that took longer is stored before anything goes on.
CHECKPOINT_SECONDS = 0.05


@dataclass(slots=True)
class Done:
    """An output with its JSON. `calls` counts the calls that it took, `details` are added to the node's metadata."""

    output: Any
    encoded: bytes
    started_at: datetime
    finished_at: datetime
    emitted: Sequence[NewEvent] = ()
    finishes: bool = False
    calls: int = 1
    details: Mapping[str, Any] | None = None

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()

    def times(self) -> dict[str, Any]:
        """The node's metadata."""
        times = Done.timed("succeeded", self.started_at, self.finished_at, self.calls)
        if self.details is not None:
            times.update(self.details)
        if self.finishes:
            times["finishes"] = True
        return times

    @staticmethod
    def timed(state: str, started_at: datetime, finished_at: datetime, calls: int) -> dict[str, Any]:
        """The metadata of a node in a state."""
        return {
            "state": state,
            "started_at": started_at,
            "finished_at": finished_at,
            "milliseconds": round((finished_at - started_at).total_seconds() * 1000, 3),
            "attempts": calls,
        }
