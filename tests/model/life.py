"""What is true of events, workers and an operator's wishes: the model that the store must follow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeVar
from uuid import UUID

from headrace.domain.event import Losses
from headrace.domain.states import FINISHED, TRANSITIONS, UNFINISHED, EventState
from headrace.store.pausing import Paused, Scope, Target


class Due(Enum):
    """From when a run may be claimed."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its run, or with its result; `attempts` and `past` are what is kept of earlier ones."""

    type: str
    state: EventState = EventState.QUEUED
    reason: str | None = None
    due: Due = Due.NOW
    run_number: int = 1
    epoch: int = 1
    owner: UUID | None = None
    attempt: int = 0
    losses: Losses = field(default_factory=Losses)
    schema_hash: str | None = None
    format: int = 1
    task: str | None = None
    attempts: frozenset[tuple[int, int, str]] = frozenset()
    past: tuple[tuple[int, int, str], ...] = ()
    outputs: frozenset[tuple[int, str]] = frozenset()

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def is_free_and_due(self) -> bool:
        return self.is_unfinished and self.owner is None and self.due is Due.NOW

    @property
    def is_sound(self) -> bool:
        """Whether ordinary workers claim it: it lost none, or one of which nobody saw the end."""
        return self.losses.total == 0 or self.losses.total == self.losses.unseen == 1

    @property
    def is_free_and_set_aside(self) -> bool:
        return self.is_unfinished and self.owner is None and self.due is Due.NEVER


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's row. `swept_long_ago`: its runs were freed so long ago that they are looked for a second time."""

    role: str
    holds: bool = True
    death_seen: bool = False
    swept: bool = False
    swept_long_ago: bool = False

    @property
    def is_renewable(self) -> bool:
        return self.holds or (not self.swept and not self.death_seen)


@dataclass(frozen=True, slots=True)
class Change:
    """What an act changes when it commits; None deletes, and erases an event. Until then claims pass over what is
    changed and `locked`.
    """

    events: Mapping[UUID, Event | None] = field(default_factory=dict)
    leases: Mapping[UUID, Lease | None] = field(default_factory=dict)
    asked: Mapping[UUID, int | None] = field(default_factory=dict)
    paused: Mapping[Target, bool] = field(default_factory=dict)
    locked: frozenset[UUID] = frozenset()

    def holds_back(self, event_id: UUID) -> bool:
        return event_id in self.events or event_id in self.locked

    def touches(self, other: "Change") -> bool:
        """Whether both write one row."""
        return bool(
            self.events.keys() & other.events.keys()
            or self.leases.keys() & other.leases.keys()
            or self.asked.keys() & other.asked.keys()
            or self.paused.keys() & other.paused.keys()
        )


NOTHING = Change()


@dataclass(slots=True)
class World:
    """All that is committed. `erased` counts events that are gone. `ranks` is read from the database: the order in
    which runs are due.
    """

    events: dict[UUID, Event] = field(default_factory=dict)
    erased: int = 0
    leases: dict[UUID, Lease] = field(default_factory=dict)
    asked: dict[UUID, int] = field(default_factory=dict)
    paused: set[Target] = field(default_factory=set)
    ranks: Mapping[UUID, datetime] = field(default_factory=dict)
    open: Change = NOTHING

    def apply(self, change: Change) -> None:
        """Commit a change, if each of its steps is one that a run may take."""
        for event_id, after in change.events.items():
            before = self.events.get(event_id)
            if after is None:
                assert not self.events.pop(event_id).is_unfinished
                self.erased += 1
                continue
            if before is not None and before.state is not after.state:
                assert after.state in TRANSITIONS[before.state], f"{before.state} -> {after.state}"
            self.events[event_id] = after
        _update(self.leases, change.leases)
        _update(self.asked, change.asked)
        for target, is_paused in change.paused.items():
            (self.paused.add if is_paused else self.paused.discard)(target)

    def as_paused(self) -> Paused:
        return Paused(
            everything=any(target.scope is Scope.ALL for target in self.paused),
            types=frozenset(target.name for target in self.paused if target.scope is Scope.TYPE),
        )

    def claimable(self, types: frozenset[str]) -> Iterator[UUID]:
        """What a worker of these types may take now, locked or not."""
        paused = self.as_paused()
        for event_id, event in self.events.items():
            held_back = paused.everything or event.type in paused.types or event.type not in types
            if event.is_free_and_due and event.format == 1 and not held_back:
                yield event_id

    def held_by_the_dead(self, *, only_seen: bool) -> Iterator[UUID]:
        """Runs whose owner's lease has run out, or whose owner is forgotten."""
        for event_id, event in self.events.items():
            if event.owner is not None and event.is_unfinished:
                lease = self.leases.get(event.owner)
                is_dead = lease is None or not lease.holds
                if is_dead and (not only_seen or (lease is not None and lease.death_seen)):
                    yield event_id

    def ledger(self) -> dict[str, int]:
        """The sums that the tallies must have."""
        finished = {state.value: sum(event.state is state for event in self.events.values()) for state in FINISHED}
        return {"accepted": len(self.events) + self.erased, **finished, "erased": self.erased}


Row = TypeVar("Row")


def _update(rows: dict[UUID, Row], changes: Mapping[UUID, Row | None]) -> None:
    for key, value in changes.items():
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
