"""What was accepted, and what a worker holds of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from headrace.domain.idempotency import Idempotency
from headrace.domain.values import value

#: The tenant of installations that have only one.
DEFAULT_TENANT = "default"

#: The queue of events that name none.
DEFAULT_QUEUE = "default"

#: The type of an event whose data names none.
DEFAULT_TYPE = "event"

#: The type of an event that calls a Celery task's function.
TASK_TYPE = "headrace.task"

#: One attempt at a run: the event, the number of the run, the number of the attempt. No two attempts share it.
AttemptKey = tuple[UUID, int, int]

#: What a type of event may look like.
TYPE_PATTERN = r"[A-Za-z0-9._:/-]{1,200}"


@value()
class NewEvent:
    """An event about to be stored. `body` holds the exact bytes that were sent, decompressed.

    With `deliver_at`, a moment that is yet to come, no worker takes it before.
    """

    id: UUID
    type: str
    body: bytes
    tenant: str = DEFAULT_TENANT
    queue: str = DEFAULT_QUEUE
    source: str | None = None
    subject: str | None = None
    parent_id: UUID | None = None
    match_key: str | None = None
    trace: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    task: str | None = None
    release: str | None = None
    idempotency: Idempotency | None = None
    deliver_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """How often workers vanished with a run: all of them, those alone under a watching supervisor, those unseen."""

    total: int = 0
    solo: int = 0
    unseen: int = 0


@value(eq=False)
class Run:
    """A claimed run, itself and no other: `owner` and `attempt` are the fence of every later write.

    `begun_at` is when its first attempt began; `pipeline` names the one that earlier ones followed, with its version.
    `packed_body` is the event's body as it is stored, which is unpacked where it is read.
    """

    event_id: UUID
    owner: UUID
    type: str
    tenant: str
    queue: str
    run_number: int
    epoch: int
    attempt: int
    failures: Mapping[str, int]
    losses: Losses
    packed_body: bytes
    started_at: datetime
    begun_at: datetime
    pipeline: str | None = None
    source: str | None = None
    subject: str | None = None
    parent_id: UUID | None = None
    trace: str | None = None

    @property
    def attempt_key(self) -> AttemptKey:
        """What tells this attempt apart from any other, also from one before a replay of the event."""
        return self.event_id, self.run_number, self.attempt

    @property
    def is_first(self) -> bool:
        """Whether no attempt can have left anything."""
        return self.attempt == 1 and self.run_number == 1
