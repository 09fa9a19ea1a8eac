"""What worker processes do: each act as the product does it, and what the model says must come of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.event import AttemptKey, NewEvent, Run
from headrace.domain.ids import derived_id, new_id
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Pause, Progress
from headrace.domain.settle import Delayed, Finished, Parked, Released, Settled
from headrace.domain.states import EventState, Reason
from headrace.store import workers
from headrace.store.checkpoints import store_checkpoints
from headrace.store.database import Connection, Database
from headrace.store.runs import claim_due, claim_lost, claim_named
from headrace.store.settle import settle
from tests.model.life import Change, Due, Event, Lease, World
from tests.support.steps import new_event, output

#: The queue of all events of the model.
QUEUE = "default"

#: The hash that a worker notes of the schema that an event does not fit.
OLD_SCHEMA = "old"

ERROR = ErrorReport("ValueError", "no")


class Act(Protocol):
    """A transaction of the product. `expect` checks its answer, and tells what it changes once it is committed."""

    async def do(self, connection: Connection, database: Database) -> Any: ...

    def expect(self, world: World, answer: Any) -> Change: ...


def finished(event: Event, state: EventState, reason: str | None, **changes: Any) -> Event:
    """The event with a result in place of its run."""
    return Event(
        event.type, state, reason, Due.NEVER, event.run_number, event.epoch, attempt=event.attempt, task=event.task,
        **{"attempts": event.attempts, "past": event.past, "outputs": event.outputs, **changes},
    )  # fmt: skip


def taken(world: World, owner: UUID, runs: Iterable[Run]) -> Change:
    """What a claim changes."""
    after = {}
    for run in runs:
        event = world.events[run.event_id]
        number = event.attempt + 1
        assert (run.owner, run.attempt, run.run_number, run.epoch) == (owner, number, event.run_number, event.epoch)
        assert (run.type, run.losses) == (event.type, event.losses)
        after[run.event_id] = replace(event, state=EventState.RUNNING, reason=None, owner=owner, attempt=number)
    return Change(after)


def free_for(world: World, owner: UUID, types: frozenset[str]) -> set[UUID]:
    """What this owner might take, locked or not."""
    lease = world.leases.get(owner)
    return set(world.claimable(types)) if lease is not None and lease.holds else set()


@dataclass(frozen=True, slots=True)
class ClaimDue:
    """Claims in the order in which runs are due, of those that never lost a worker, or (`lost`) that did."""

    owner: UUID
    types: frozenset[str]
    most: int
    lost: bool = False

    async def do(self, connection: Connection, database: Database) -> list[Run]:
        types = sorted(self.types)
        if self.lost:
            return await claim_lost(connection, database, self.owner, QUEUE, types, self.most, alone=None)
        return await claim_due(connection, database, self.owner, QUEUE, types, self.most)

    def expect(self, world: World, answer: list[Run]) -> Change:
        meant = {id_ for id_ in free_for(world, self.owner, self.types) if not world.open.holds_back(id_)}
        meant = {id_ for id_ in meant if world.events[id_].is_sound != self.lost}
        got = {run.event_id for run in answer}
        assert got <= meant
        assert len(got) == len(answer) == min(len(meant), self.most)
        left = [world.ranks[id_] for id_ in meant - got]
        assert all(world.ranks[id_] <= min(left) for id_ in got if left), "an older run was left"
        return taken(world, self.owner, answer)


@dataclass(frozen=True, slots=True)
class ClaimNamed:
    """Claims what a message names, unless an older run is due."""

    owner: UUID
    types: frozenset[str]
    ids: tuple[UUID, ...]

    async def do(self, connection: Connection, database: Database) -> list[Run]:
        return await claim_named(connection, database, self.owner, QUEUE, sorted(self.types), self.ids)

    def expect(self, world: World, answer: list[Run]) -> Change:
        sound = {id_ for id_ in free_for(world, self.owner, self.types) if world.events[id_].is_sound}
        named = {id_ for id_ in sound.intersection(self.ids) if not world.open.holds_back(id_)}
        oldest = min((world.ranks[id_] for id_ in named), default=None)
        bars = oldest is not None and any(world.ranks[id_] < oldest for id_ in sound)
        assert {run.event_id for run in answer} == (set() if bars else named)
        return replace(taken(world, self.owner, answer), locked=frozenset(named))


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat; answers the id under which the worker goes on."""

    worker: UUID | None
    role: str

    async def do(self, connection: Connection, database: Database) -> UUID:
        if self.worker is not None:
            arguments = workers.renewal(self.worker, 3600.0, {})
            renewed = await connection.execute(workers.statement(workers.RENEW, database.schema), arguments)
            if await renewed.fetchone() is not None:
                return self.worker
        worker = new_id()
        row = workers.WorkerRow(self.role, "test", 1, 1, launch=worker, queues=(QUEUE,))
        statement = workers.statement(workers.REGISTER, database.schema)
        await connection.execute(statement, workers.registration(worker, row, 3600.0))
        return worker

    def expect(self, world: World, answer: UUID) -> Change:
        lease = world.leases.get(self.worker) if self.worker is not None else None
        assert (answer == self.worker) == (lease is not None and lease.is_renewable)
        return Change(leases={answer: Lease(self.role) if lease is None or answer != self.worker else _good(lease)})


def _good(lease: Lease) -> Lease:
    return replace(lease, holds=True)


@dataclass(frozen=True, slots=True)
class LeaseEnds:
    """The time of a lease runs out, or (`seen`) a supervisor sees the process end."""

    worker: UUID
    seen: bool

    async def do(self, connection: Connection, database: Database) -> None:
        if self.seen:
            statement = workers.statement(workers.DIED, database.schema)
            await connection.execute(statement, {"launches": [self.worker]})
        else:
            statement = database.sql("UPDATE headrace.workers SET expires = least(expires, now()) WHERE id = %s")
            await connection.execute(statement, [self.worker])

    def expect(self, world: World, answer: None) -> Change:
        lease = world.leases.get(self.worker)
        if lease is None or (self.seen and lease.swept):
            return Change()
        return Change(leases={self.worker: replace(lease, holds=False, death_seen=self.seen or lease.death_seen)})


@dataclass(frozen=True, slots=True)
class Keep:
    """The output of a node, stored while its run is under way."""

    run: Run

    async def do(self, connection: Connection, database: Database) -> set[AttemptKey]:
        return await store_checkpoints(connection, database, [(self.run, [output("slow")])])

    def expect(self, world: World, answer: set[AttemptKey]) -> Change:
        event = world.events.get(self.run.event_id)
        if event is None or not holds(event, self.run):
            assert answer == set()
            return Change()
        assert answer == {self.run.attempt_key}
        return Change({self.run.event_id: replace(event, outputs=event.outputs | {(event.epoch, "slow")})})


def holds(event: Event | None, run: Run) -> bool:
    """Whether the run is still in the hands of who claimed it."""
    return event is not None and event.is_unfinished and (event.owner, event.attempt, event.run_number) == (
        run.owner, run.attempt, run.run_number,
    )  # fmt: skip


class Ending(Enum):
    """Every way in which a run leaves its worker's hands."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELAYED = "delayed"
    PARKED = "parked"
    RELEASED = "released"


def settled(run: Run, ending: Ending) -> Settled:
    """What a run comes to."""
    progress = Progress({"reply": 1}, checkpoints=[output("last")])
    match ending:
        case Ending.SUCCEEDED:
            return Finished(run, EventState.SUCCEEDED, b"{}", emitted=[emitted_by(run)])
        case Ending.FAILED:
            return Finished(run, EventState.FAILED, b"{}", ERROR, "reply", Reason.NODE_FAILED, progress)
        case Ending.CANCELLED:
            return Finished(run, EventState.CANCELLED, b"{}", progress=progress)
        case Ending.DELAYED:
            due = utc_now() + timedelta(hours=1)
            pauses = (Pause("reply", Reason.RETRY, due),)
            return Delayed(run, due, Reason.RETRY, replace(progress, pauses=pauses), "reply", ERROR)
        case Ending.PARKED:
            return Parked(run, Reason.SCHEMA_MISMATCH, OLD_SCHEMA)
        case Ending.RELEASED:
            return Released(run, progress)


def emitted_by(run: Run) -> NewEvent:
    """The event that a run emits: the same one while its epoch stays."""
    return new_event(run.type, id=derived_id(run.event_id, str(run.epoch)))


@dataclass(frozen=True, slots=True)
class Settle:
    """A batch of runs and what they come to, by whoever claimed them once."""

    batch: tuple[tuple[Run, Ending], ...]

    async def do(self, connection: Connection, database: Database) -> set[AttemptKey]:
        batch = [settled(run, ending) for run, ending in self.batch]
        return await settle(connection, database, batch, utc_now(), "release-1")

    def expect(self, world: World, answer: set[AttemptKey]) -> Change:
        after: dict[UUID, Event] = {}
        for run, ending in self.batch:
            event = world.events.get(run.event_id)
            if event is not None and holds(event, run):
                after[run.event_id] = _ended(event, ending)
                if ending is Ending.SUCCEEDED and emitted_by(run).id not in world.events:
                    after[emitted_by(run).id] = Event(run.type)
        assert answer == {run.attempt_key for run, _ in self.batch if holds(world.events.get(run.event_id), run)}
        ids = world.events.keys() & {run.event_id for run, _ in self.batch}
        unfinished = frozenset(id_ for id_ in ids if world.events[id_].is_unfinished)
        return Change(after, locked=unfinished if self._locks_first else frozenset())

    @property
    def _locks_first(self) -> bool:
        """Whether runs are locked before it is known that they are still held."""
        finishing = (Ending.SUCCEEDED, Ending.FAILED, Ending.CANCELLED)
        return len(self.batch) > 1 and any(ending not in finishing for _, ending in self.batch)


def _ended(event: Event, ending: Ending) -> Event:
    outputs = event.outputs | {(event.epoch, "last")}
    number = (event.run_number, event.attempt)
    waiting: Mapping[str, Any] = {"state": EventState.WAITING, "owner": None}
    match ending:
        case Ending.SUCCEEDED:
            return finished(event, EventState.SUCCEEDED, None, outputs=frozenset())
        case Ending.FAILED:
            attempts = event.attempts | {(*number, "failed")}
            return finished(event, EventState.FAILED, Reason.NODE_FAILED, outputs=outputs, attempts=attempts)
        case Ending.CANCELLED:
            return finished(event, EventState.CANCELLED, None, outputs=outputs)
        case Ending.DELAYED:
            attempts = event.attempts | {(*number, "failed")}
            return replace(event, **waiting, reason="retry", due=Due.LATER, outputs=outputs, attempts=attempts)
        case Ending.PARKED:
            attempts, hash_ = event.attempts | {(*number, "unfit")}, OLD_SCHEMA
            return replace(
                event, **waiting, reason="schema-mismatch", due=Due.NEVER, attempts=attempts, schema_hash=hash_
            )
        case Ending.RELEASED:
            return replace(event, state=EventState.QUEUED, owner=None, due=Due.NOW, outputs=outputs)
