"""What one attempt at a run came to: a closed union, matched to the end wherever it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from headrace.domain.event import NewEvent
from headrace.domain.progress import Progress
from headrace.domain.values import value


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


@value()
class Completed:
    """Every node finished or was skipped. `task_context` is JSON; `emitted` are events to be stored with the result.

    `logged` holds the lines of the attempt, as JSON. `stored` says that checkpoints of this attempt were stored.
    """

    task_context: bytes
    emitted: Sequence[NewEvent] = ()
    logged: bytes | None = None
    stored: bool = False


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node failed, and no retry is left. `progress` is what a replay may build on.

    `node` is None where the run as a whole failed, as by its deadline.
    """

    node: str | None
    error: ErrorReport
    task_context: bytes
    progress: Progress = field(default_factory=Progress)
    emitted: Sequence[NewEvent] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An operator ended the run while it was under way. `progress` is what a replay may build on."""

    progress: Progress
    task_context: bytes
    emitted: Sequence[NewEvent] = ()


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing can go on before one of the progress's pauses ends.

    `node` and `error` tell the newest failure, where a retry is among the pauses. By `deadline` the run is claimed
    again in any case. `unreached` are pauses of nodes that cannot go on before others do: they wake nobody.
    """

    progress: Progress
    node: str | None = None
    error: ErrorReport | None = None
    deadline: datetime | None = None
    unreached: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unfit:
    """No pipeline of this process takes the event: its type is unknown here, or its data does not fit the schema."""

    reason: str
    schema_hash: str | None = None
    error: ErrorReport | None = None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The process stops before the run is done: others may claim it at once, and nobody is charged."""

    progress: Progress = field(default_factory=Progress)


Outcome = Completed | NodeFailed | Cancelled | Suspended | Unfit | GivenBack
