"""What an attempt leaves for the next one: finished outputs, pauses, counts of failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from headrace.domain.event import NewEvent
from headrace.domain.states import Reason

#: The item of a checkpoint that holds the output of a whole node.
WHOLE = -1

#: The version of an output that a replay carries over from a result: it counts as long as its node can read it.
ANY_VERSION = "any"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The output of a finished node, or of one item of a map: `output` and `times` are JSON.

    `version` changes when the output can no longer be used. `output` is None where the node was skipped because it
    failed and its `on_error` says so. `emitted` are the events that it asked for.
    """

    node: str
    version: str
    output: bytes | None
    times: bytes
    item: int = WHOLE
    emitted: Sequence[NewEvent] = ()


@dataclass(frozen=True, slots=True)
class Awaited:
    """The event that a pause waits for: of this type, with this value in its class's `match` field."""

    type: str
    match_key: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A node that is not called before `due` (None: never), or before the event that it waits for.

    `node` is a node's name, or `name[3]` for an item of a map. `reason` is RETRY, SLEEP or WAIT. `since` is known of
    what was stored.
    """

    node: str
    reason: Reason
    due: datetime | None
    awaited: Awaited | None = None
    since: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The event that a pause waited for, and since when."""

    event_id: UUID
    body: bytes
    since: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """`logged` holds the lines of the attempt that ended, as JSON; `pipeline` the name and version that it followed."""

    failures: Mapping[str, int] = field(default_factory=dict)
    checkpoints: Sequence[Checkpoint] = ()
    pauses: Sequence[Pause] = ()
    logged: bytes | None = None
    pipeline: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What earlier attempts at a run left: `arrivals` by the name of the node that waited."""

    checkpoints: Sequence[Checkpoint] = ()
    pauses: Sequence[Pause] = ()
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)
