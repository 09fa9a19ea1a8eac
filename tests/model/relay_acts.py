"""What the relay and the passing of time do, and what the model says must come of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from headrace.domain.clock import utc_now
from headrace.domain.settle import Policy, lose
from headrace.domain.states import EventState, Reason
from headrace.flow.relay import ALONE_ROLE
from headrace.flow.relay.losses import take_over_lost
from headrace.store.cancelling import cancel_unheld
from headrace.store.database import Connection, Database
from headrace.store.parking import Serving, park, unpark
from headrace.store.tallies import fold_tallies
from tests.model.client_acts import cancelled
from tests.model.life import Change, Due, Event, Lease, World
from tests.model.worker_acts import QUEUE, finished

#: Small, so that runs are given up.
POLICY = Policy(solo_losses=2, unseen_losses=3)

#: More runs than there are.
ALL = 1000


@dataclass(frozen=True, slots=True)
class TimeComes:
    """A delayed run becomes due."""

    event_id: UUID

    async def do(self, connection: Connection, database: Database) -> None:
        statement = "UPDATE headrace.runs SET rank = now() WHERE event_id = %s AND rank > now() AND rank < 'infinity'"
        await connection.execute(database.sql(statement), [self.event_id])

    def expect(self, world: World, answer: None) -> Change:
        event = world.events[self.event_id]
        return Change({self.event_id: replace(event, due=Due.NOW)} if event.due is Due.LATER else {})


@dataclass(frozen=True, slots=True)
class CancelUnheld:
    """The relay cancels what its owner left otherwise."""

    async def do(self, connection: Connection, database: Database) -> None:
        await cancel_unheld(connection, database)

    def expect(self, world: World, answer: None) -> Change:
        under_way = {id_ for id_, number in world.asked.items() if _runs(world.events[id_], number)}
        free = {id_: world.events[id_] for id_ in under_way if not world.open.holds_back(id_)}
        ended = {id_: cancelled(event) for id_, event in free.items() if event.owner is None}
        over = {id_ for id_ in world.asked if id_ not in under_way and id_ not in world.open.asked}
        return Change(ended, asked=dict.fromkeys(over | ended.keys()))


def _runs(event: Event, run_number: int) -> bool:
    return event.is_unfinished and event.run_number == run_number


@dataclass(frozen=True, slots=True)
class Park:
    """The relay sets aside what nobody takes; it looks at runs as of the view `serving`."""

    serving: Serving

    async def do(self, connection: Connection, database: Database) -> int:
        return await park(connection, database, QUEUE, self.serving, ALL)

    def expect(self, world: World, answer: int) -> Change:
        free = {id_: event for id_, event in _unlocked(world) if event.is_free_and_due}
        judged = {id_: self._judge(event) for id_, event in free.items()}
        after = {
            id_: replace(free[id_], state=EventState.WAITING, reason=reason, due=Due.NEVER)
            for id_, reason in judged.items()
            if reason is not None
        }
        assert answer == len(after)
        return Change(after, locked=frozenset(free))

    def _judge(self, event: Event) -> str | None:
        if self.serving.paused.everything or event.type in self.serving.paused.types:
            return Reason.PAUSED
        if event.format > self.serving.formats.get(QUEUE, 0):
            return Reason.NEWER_RELEASE
        return None if event.type in self.serving.served.get(QUEUE, {}) else Reason.NO_PIPELINE


@dataclass(frozen=True, slots=True)
class Unpark:
    """The relay brings back what somebody takes."""

    serving: Serving

    async def do(self, connection: Connection, database: Database) -> int:
        return await unpark(connection, database, QUEUE, self.serving, ALL)

    def expect(self, world: World, answer: int) -> Change:
        after = {
            id_: replace(event, state=EventState.QUEUED, reason=None, due=Due.NOW)
            for id_, event in _unlocked(world)
            if event.is_free_and_set_aside and self._comes_back(event)
        }
        assert answer == len(after)
        return Change(after)

    def _comes_back(self, event: Event) -> bool:
        served = self.serving.served.get(QUEUE, {})
        paused = self.serving.paused.everything or event.type in self.serving.paused.types
        return {
            Reason.NO_PIPELINE: event.type in served,
            Reason.SCHEMA_MISMATCH: any(hash_ != event.schema_hash for hash_ in served.get(event.type, [])),
            Reason.NEWER_RELEASE: event.format <= self.serving.formats.get(QUEUE, 0),
            Reason.PAUSED: not paused,
            Reason.OWN_TASK: False,
        }[Reason(str(event.reason))]


def _unlocked(world: World) -> Iterable[tuple[UUID, Event]]:
    return [(id_, event) for id_, event in world.events.items() if not world.open.holds_back(id_)]


@dataclass(frozen=True, slots=True)
class Fold:
    """The relay folds the ledger: its sums stay."""

    async def do(self, connection: Connection, database: Database) -> None:
        await fold_tallies(connection, database)

    def expect(self, world: World, answer: None) -> Change:
        return Change()


@dataclass(frozen=True, slots=True)
class MinutePasses:
    """The dead were swept so long ago that they are swept again."""

    async def do(self, connection: Connection, database: Database) -> None:
        await connection.execute(
            database.sql("UPDATE headrace.workers SET swept = swept - interval '61 s' WHERE swept IS NOT NULL")
        )

    def expect(self, world: World, answer: None) -> Change:
        swept = {id_: lease for id_, lease in world.leases.items() if lease.swept}
        return Change(leases={id_: replace(lease, swept_long_ago=True) for id_, lease in swept.items()})


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The relay frees the runs of the dead, or gives them up."""

    only_seen: bool

    async def do(self, connection: Connection, database: Database) -> None:
        await take_over_lost(connection, database, POLICY, utc_now(), "release-1", only_seen=self.only_seen)

    def expect(self, world: World, answer: None) -> Change:
        ids = world.held_by_the_dead(only_seen=self.only_seen)
        after = {id_: _lost(world.events[id_], world) for id_ in ids if not world.open.holds_back(id_)}
        still_held = {event.owner for id_, event in world.events.items() if id_ not in after}
        leases: dict[UUID, Lease | None] = {}
        for id_, lease in world.leases.items():
            if lease.holds or id_ in still_held:
                continue
            if lease.swept_long_ago:
                leases[id_] = None
            elif not lease.swept and (lease.death_seen or not self.only_seen):
                leases[id_] = replace(lease, swept=True)
        return Change(after, leases)


def _lost(event: Event, world: World) -> Event:
    assert event.owner is not None
    lease = world.leases.get(event.owner)
    alone, seen = lease is not None and lease.role == ALONE_ROLE, lease is not None and lease.death_seen
    after = lose(event.losses, alone=alone, seen=seen, policy=POLICY)
    attempts = event.attempts | {(event.run_number, event.attempt, "lost")}
    if after.spent:
        return finished(event, EventState.FAILED, Reason.WORKER_LOST, attempts=attempts)
    return replace(event, state=EventState.QUEUED, owner=None, losses=after.losses, attempts=attempts)
