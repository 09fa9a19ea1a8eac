"""What was accepted, and what a worker holds of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

#: The tenant of installations that have only one.
DEFAULT_TENANT = "default"

#: The queue of events that name none.
DEFAULT_QUEUE = "default"

#: The type of an event whose data names none.
DEFAULT_TYPE = "event"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be stored. `body` holds the exact bytes that were sent, decompressed."""

    id: UUID
    type: str
    body: bytes
    tenant: str = DEFAULT_TENANT
    queue: str = DEFAULT_QUEUE
    source: str | None = None
    subject: str | None = None
    parent_id: UUID | None = None
    trace: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    task: str | None = None
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """How often workers vanished with a run: all of them, those alone under a watching supervisor, those unseen."""

    total: int = 0
    solo: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed run: `owner` and `attempt` are the fence of every later write."""

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
    body: bytes
    started_at: datetime
    source: str | None = None
    subject: str | None = None
    parent_id: UUID | None = None
    trace: str | None = None
