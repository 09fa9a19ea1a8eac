"""What clients and operators do, and what the model says must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from headrace.domain.event import NewEvent
from headrace.domain.states import EventState, Reason
from headrace.store.cancelling import Cancelled, cancel
from headrace.store.database import Connection, Database
from headrace.store.erasing import erase
from headrace.store.events import insert_events
from headrace.store.pausing import Scope, Target, pause, resume
from headrace.store.replaying import replay
from headrace.store.runs import retry_now
from tests.model.life import Change, Due, Event, World
from tests.model.worker_acts import finished
from tests.support.steps import hold_finished, hold_replayable, hold_unfinished


@dataclass(frozen=True, slots=True)
class Accept:
    """An event comes, or comes again after a commit whose answer was lost. `format` is that of a newer release."""

    event: NewEvent
    format: int = 1

    async def do(self, connection: Connection, database: Database) -> set[UUID]:
        new = await insert_events(connection, database, [self.event])
        statement = database.sql("UPDATE headrace.runs SET format = %s WHERE event_id = ANY (%s)")
        if self.format > 1:
            await connection.execute(statement, [self.format, list(new)])
        return new

    def expect(self, world: World, answer: set[UUID]) -> Change:
        if self.event.id in world.events:
            assert answer == set()
            return Change()
        assert answer == {self.event.id}
        event = Event(self.event.type, task=self.event.task, format=self.format)
        if self.event.task is not None:
            event = replace(event, state=EventState.WAITING, reason=Reason.OWN_TASK, due=Due.NEVER)
        return Change({self.event.id: event})


@dataclass(frozen=True, slots=True)
class RetryNow:
    """An operator makes runs due."""

    ids: tuple[UUID, ...]

    async def do(self, connection: Connection, database: Database) -> set[UUID]:
        ids = await hold_unfinished(connection, database, self.ids)
        return set(await retry_now(connection, database, ids))

    def expect(self, world: World, answer: set[UUID]) -> Change:
        waits = (Reason.RETRY, Reason.SCHEMA_MISMATCH, Reason.NO_PIPELINE)
        meant = [(id_, world.events[id_]) for id_ in self.ids]
        after = {
            id_: replace(event, state=EventState.QUEUED, reason=None, due=Due.NOW, schema_hash=None)
            for id_, event in meant
            if event.state is EventState.WAITING and event.reason in waits
        }
        assert answer == after.keys()
        return Change(after, locked=frozenset(id_ for id_, event in meant if event.is_unfinished))


@dataclass(frozen=True, slots=True)
class Cancel:
    """An operator cancels events."""

    ids: tuple[UUID, ...]

    async def do(self, connection: Connection, database: Database) -> Cancelled:
        ids = await hold_unfinished(connection, database, self.ids)
        return await cancel(connection, database, ids, "test")

    def expect(self, world: World, answer: Cancelled) -> Change:
        unfinished = {id_: world.events[id_] for id_ in self.ids if world.events[id_].is_unfinished}
        ended = {id_: cancelled(event) for id_, event in unfinished.items() if event.owner is None}
        asked = {id_: event.run_number for id_, event in unfinished.items() if event.owner is not None}
        assert answer == Cancelled(frozenset(ended), frozenset(asked))
        forgotten = {id_: None for id_ in ended if id_ in world.asked}
        return Change(ended, asked={**asked, **forgotten}, locked=frozenset(unfinished))


def cancelled(event: Event) -> Event:
    """What becomes of a run that nobody holds."""
    return finished(event, EventState.CANCELLED, None)


@dataclass(frozen=True, slots=True)
class Replay:
    """An operator gives finished events a run again."""

    ids: tuple[UUID, ...]
    goes_on: bool

    async def do(self, connection: Connection, database: Database) -> Mapping[UUID, int]:
        ids = await hold_replayable(connection, database, self.ids)
        replayed = await replay(connection, database, ids, goes_on=self.goes_on)
        return {each.event_id: each.epoch for each in replayed}

    def expect(self, world: World, answer: Mapping[UUID, int]) -> Change:
        events = {id_: world.events[id_] for id_ in self.ids if id_ in world.events}
        meant = {id_: event for id_, event in events.items() if not event.is_unfinished and event.task is None}
        after = {id_: self._again(event) for id_, event in meant.items()}
        assert answer == {id_: event.epoch for id_, event in after.items()}
        return Change(after)

    def _again(self, event: Event) -> Event:
        keeps = self.goes_on and event.state is not EventState.SUCCEEDED
        epoch = event.epoch if keeps else event.run_number + 1
        return Event(
            event.type,
            run_number=event.run_number + 1,
            epoch=epoch,
            attempts=event.attempts,
            past=(*event.past, (event.run_number, event.epoch, event.state.value)),
            outputs=frozenset(output for output in event.outputs if output[0] == epoch),
        )


@dataclass(frozen=True, slots=True)
class Erase:
    """An operator erases finished events."""

    ids: tuple[UUID, ...]

    async def do(self, connection: Connection, database: Database) -> list[UUID]:
        ids = await hold_finished(connection, database, self.ids)
        return await erase(connection, database, ids)

    def expect(self, world: World, answer: list[UUID]) -> Change:
        gone = {id_ for id_ in self.ids if id_ in world.events and not world.events[id_].is_unfinished}
        assert answer == sorted(gone)
        return Change(dict.fromkeys(gone), asked=dict.fromkeys(gone & world.asked.keys()))


@dataclass(frozen=True, slots=True)
class Pause:
    """An operator holds back a type, or everything."""

    target: Target

    async def do(self, connection: Connection, database: Database) -> bool:
        return await pause(connection, database, self.target, "test")

    def expect(self, world: World, answer: bool) -> Change:
        assert answer == (self.target not in world.paused)
        return Change(paused={self.target: True} if answer else {})


@dataclass(frozen=True, slots=True)
class Resume:
    """An operator ends a pause, or all of them."""

    target: Target

    async def do(self, connection: Connection, database: Database) -> int:
        return await resume(connection, database, self.target)

    def expect(self, world: World, answer: int) -> Change:
        ended = [target for target in world.paused if self.target.scope is Scope.ALL or target == self.target]
        assert answer == len(ended)
        return Change(paused=dict.fromkeys(ended, False))
