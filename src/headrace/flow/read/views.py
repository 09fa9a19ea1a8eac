"""What a reader gets: frozen pictures of events, of the ledger and of the services' health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from headrace.domain.highlights import Highlight
from headrace.domain.states import EventState
from headrace.flow.read.lag import NO_COPY, CopyLag
from headrace.search.port import Facets


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt that did not finish its event: `outcome` is failed, lost or unfit. `error` is JSON."""

    run_number: int
    attempt: int
    outcome: str
    node: str | None
    error: bytes | None
    started_at: datetime | None
    ended_at: datetime
    release: str | None


@dataclass(frozen=True, slots=True)
class EventDetails:
    """JSON arrays of objects, as the API shows them.

    `notes` are the newest ones (written, attempt, node, note), `logs` the lines of each attempt (run_number, attempt,
    lines), `children` the events that it emitted (id, type, state). For an unfinished event `waits` are its pauses
    (node, reason, expires, type, match_key, arrived) and `checkpoints` the nodes that need not run again (node, item,
    times, and the output of a whole node). `past_results` are the newest of those that replays put aside (run_number,
    epoch, state, reason, node, attempt, task_context, error, started_at, finished_at, release). `cancellations` has
    one member (since, actor) while a worker is asked to end the run, and where the newer audit tells who cancelled it.
    """

    notes: bytes
    logs: bytes
    children: bytes
    waits: bytes
    checkpoints: bytes
    past_results: bytes
    cancellations: bytes


@dataclass(frozen=True, slots=True)
class EventView:
    """One event, whole. `body` holds the exact bytes that were sent; `task_context` and `error` are JSON.

    `reason` and `since` say why and from when the event is in its state; `attempt` counts how often it began.
    `deliver_at` is when it was to be delivered, None for at once. `parent_id` is the event whose run emitted it.
    `details` tells what came of its attempts beside the result.
    """

    id: UUID
    type: str
    state: EventState
    reason: str | None
    since: datetime
    body: bytes
    task_context: bytes | None
    error: bytes | None
    attempts: tuple[AttemptView, ...]
    attempt: int
    created_at: datetime
    finished_at: datetime | None
    release: str | None
    source: str | None
    subject: str | None
    parent_id: UUID | None
    deliver_at: datetime | None
    details: EventDetails


@dataclass(frozen=True, slots=True)
class EventSummary:
    """One line of a list of events."""

    id: UUID
    type: str
    state: EventState
    reason: str | None
    since: datetime
    attempt: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list, newest first.

    No `states` means all of them. `since` is included, `until` is not; both compare the time of acceptance.
    `cursor` is the `next_cursor` of the page before.
    """

    states: tuple[EventState, ...] = ()
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of a list; `next_cursor` is None on the last one."""

    events: tuple[EventSummary, ...]
    next_cursor: UUID | None


@dataclass(frozen=True, slots=True)
class Stats:
    """The ledger: accepted = unfinished + succeeded + failed + cancelled + erased.

    `by_state` splits what is unfinished by its state, `waiting` what waits by its reason. `search` is the search copy.
    """

    accepted: int
    unfinished: int
    succeeded: int
    failed: int
    cancelled: int
    erased: int
    by_state: Mapping[EventState, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    search: CopyLag = NO_COPY


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Whether a service answers. Without a `required` one nothing is accepted; `detail` holds no secret."""

    name: str
    ok: bool
    detail: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class CopyStanding:
    """Which copy answered, and how far it is behind: so many events are `waiting` to be told to it, one for `seconds`.

    A `fallback` searches less text of an event than Elasticsearch would.
    """

    name: str
    fallback: bool
    waiting: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A finished event that was found, as it is now, with where in it the query was found."""

    id: UUID
    type: str
    state: EventState
    reason: str | None
    node: str | None
    key: str | None
    source: str | None
    subject: str | None
    release: str | None
    attempts: int
    created_at: datetime
    finished_at: datetime
    highlights: Sequence[Highlight]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of hits; `next_cursor` is None on the last one. `total` is a lower bound unless it is exact."""

    hits: Sequence[Hit]
    total: int
    total_is_exact: bool
    facets: Facets | None
    copy: CopyStanding
    next_cursor: UUID | None
