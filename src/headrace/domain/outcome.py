"""What one attempt at a run came to: a closed union, matched to the end wherever it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as it is stored and shown: its type, its message, and the frames of the user's own code, no locals.

    A frame reads `file:line in function: source line`.
    """

    type: str
    message: str
    code: str = "node-failed"
    frames: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Backoff:
    """A node's retry schedule: the delay before each retry, in seconds; there are as many retries as delays."""

    delays_seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """Every node finished. `task_context` is JSON."""

    task_context: bytes


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node raised. `failures` counts them by node, this one included unless it was a `RetryAfter`."""

    node: str
    error: ErrorReport
    failures: Mapping[str, int]
    backoff: Backoff
    task_context: bytes
    permanent: bool = False
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """No pipeline of this process takes the event: its type is unknown here, or its data does not fit the schema."""

    reason: str
    schema_hash: str | None = None
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The process stops before the run is done: others may claim it at once, and nobody is charged."""

    failures: Mapping[str, int] = field(default_factory=dict)


Outcome = Completed | NodeFailed | Unfit | GivenBack
