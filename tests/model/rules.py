"""The rules of the life of runs: every act, in any order, by two workers, an operator and the relay."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from headrace.domain.event import Run
from headrace.domain.states import EventState
from headrace.store.parking import Serving
from headrace.store.pausing import Paused, Scope, Target
from tests.model.client_acts import Accept, Cancel, Erase, Pause, Replay, Resume, RetryNow
from tests.model.life import Due, Event
from tests.model.machine import Overlapping, Worker, nobody
from tests.model.relay_acts import CancelUnheld, Fold, MinutePasses, Park, TakeOver, TimeComes, Unpark
from tests.model.worker_acts import (
    OLD_SCHEMA,
    QUEUE,
    Act,
    Beat,
    ClaimDue,
    ClaimNamed,
    Ending,
    Keep,
    LeaseEnds,
    Settle,
    holds,
)
from tests.support.steps import new_event

TYPES = ("order.paid", "ticket.opened")

TARGETS = st.sampled_from([Target(Scope.ALL), *(Target(Scope.TYPE, type_) for type_ in TYPES)])

#: Whether an act leaves its transaction open.
STAYS_OPEN = st.sampled_from([False, False, True])

SOME_TYPES = st.sampled_from([frozenset(TYPES), frozenset(TYPES), frozenset(TYPES[:1])])

#: What live workers announce: mostly all.
SERVED = st.sampled_from(
    [
        {type_: [OLD_SCHEMA, "new"] for type_ in TYPES},
        {type_: ["new"] for type_ in TYPES},
        {type_: [OLD_SCHEMA] for type_ in TYPES},
        {TYPES[0]: ["new"]},
        {},
    ]
)


#: More would seldom meet.
MOST_EVENTS = 4

#: Without these nothing else happens.
OFTEN = {"claims": 4, "settles": 4, "takes_over": 2, "lease_ends": 2, "replays": 2, "beats": 2}

#: How an act is made of what is there, and who hears of its answer.
Made = tuple[Act, Callable[[Any], None]]
Maker = Callable[[st.DataObject], Made]


class LifeOfRuns(Overlapping):
    """The store behaves as the model, whatever happens in whatever order.

    One rule for all acts: Hypothesis leaves out rules by chance, and a life needs most of them.
    """

    @initialize()
    def begin(self) -> None:
        for worker in self.workers:
            self.take(*self.beat_of(worker))
        for type_ in TYPES:
            self.take(*self.accepts_of(type_))

    @precondition(lambda self: self.blocked is None)
    @rule(data=st.data(), stays_open=STAYS_OPEN)
    def something_happens(self, data: st.DataObject, stays_open: bool) -> None:
        due, held = self.has(lambda event: event.is_free_and_due), self.has(lambda event: event.owner is not None)
        dead = any(not lease.holds for lease in self.world.leases.values())
        possible: dict[Maker, bool] = {
            self.claims: due,
            self.claims_lost: self.has(lambda event: event.is_free_and_due and not event.is_sound),
            self.claims_named: due,
            self.settles: held,
            self.settles_late: bool(self.runs),
            self.keeps: bool(self.runs),
            self.beats: dead,
            self.accepts: len(self.world.events) < MOST_EVENTS,
            self.accepts_again: bool(self.sent),
            self.retries_now: self.has(lambda event: event.state is EventState.WAITING),
            self.cancels: self.has(lambda event: event.is_unfinished),
            self.replays: self.has(lambda event: not event.is_unfinished),
            self.erases: self.has(lambda event: not event.is_unfinished),
            self.pauses: not self.world.paused,
            self.resumes: bool(self.world.paused),
            self.takes_over: dead,
            self.cancels_unheld: bool(self.world.asked),
            self.parks: due,
            self.unparks: self.has(lambda event: event.is_free_and_set_aside),
            self.folds: True,
            self.time_comes: self.has(lambda event: event.due is Due.LATER),
            self.lease_ends: held and not dead,
            self.minute_passes: any(lease.swept for lease in self.world.leases.values()),
        }
        makers = {maker.__name__: maker for maker, can in possible.items() if can}
        chosen = data.draw(st.sampled_from([name for name in makers for _ in range(OFTEN.get(name, 1))]), label="what")
        self.take(*makers[chosen](data), stays_open=stays_open)

    def has(self, condition: Callable[[Event], bool]) -> bool:
        return any(condition(event) for event in self.world.events.values())

    @property
    def runs(self) -> list[Run]:
        """All that was ever claimed, whether still held or not."""
        return [run for worker in self.workers for run in worker.runs]

    def any_run(self) -> st.SearchStrategy[int]:
        """The place of one in `runs`."""
        return st.integers(0, len(self.runs) - 1)

    def held_run(self) -> st.SearchStrategy[int]:
        """The place in `runs` of one that is still held."""
        runs = enumerate(self.runs)
        return st.sampled_from([at for at, run in runs if holds(self.world.events.get(run.event_id), run)])

    def some_events(self, data: st.DataObject) -> tuple[UUID, ...]:
        chosen = st.lists(st.sampled_from(list(self.world.events)), min_size=1, max_size=3, unique=True)
        return tuple(data.draw(chosen, label="events"))

    def a_worker(self, data: st.DataObject) -> tuple[Worker, UUID]:
        worker = self.workers[data.draw(st.integers(0, 1), label="worker")]
        assert worker.id is not None
        return worker, worker.id

    def some_serving(self, data: st.DataObject) -> Serving:
        """What a relay may have seen, now or a while ago."""
        served, format_ = data.draw(SERVED, label="served"), data.draw(st.sampled_from([1, 1, 2, 0]), label="format")
        paused = data.draw(st.sampled_from([self.world.as_paused(), Paused()]), label="paused")
        return Serving({QUEUE: served}, {QUEUE: format_}, paused)

    def beat_of(self, worker: Worker) -> Made:
        return Beat(worker.id, worker.role), lambda id_: setattr(worker, "id", id_)

    def beats(self, data: st.DataObject) -> Made:
        return self.beat_of(self.a_worker(data)[0])

    def claims(self, data: st.DataObject, *, lost: bool = False) -> Made:
        worker, owner = self.a_worker(data)
        act = ClaimDue(owner, data.draw(SOME_TYPES), data.draw(st.sampled_from([5, 1, 2]), label="most"), lost)
        return act, worker.runs.extend

    def claims_lost(self, data: st.DataObject) -> Made:
        return self.claims(data, lost=True)

    def claims_named(self, data: st.DataObject) -> Made:
        worker, owner = self.a_worker(data)
        return ClaimNamed(owner, data.draw(SOME_TYPES), self.some_events(data)), worker.runs.extend

    def keeps(self, data: st.DataObject) -> Made:
        return Keep(self.runs[data.draw(self.any_run(), label="run")]), nobody

    def settles(self, data: st.DataObject) -> Made:
        return self.settles_some(data, self.held_run() | self.held_run() | self.any_run())

    def settles_late(self, data: st.DataObject) -> Made:
        return self.settles_some(data, self.any_run())

    def settles_some(self, data: st.DataObject, places: st.SearchStrategy[int]) -> Made:
        pairs = st.tuples(places, st.sampled_from(Ending))
        # An event that was erased and came again begins its numbers anew: nobody settles one attempt twice at once.
        unique = st.lists(pairs, min_size=1, max_size=3, unique_by=lambda pair: self.runs[pair[0]].attempt_key)
        batch = data.draw(unique, label="batch")
        return Settle(tuple((self.runs[at], ending) for at, ending in batch)), nobody

    def accepts_of(self, type_: str, *, is_own_task: bool = False, is_newer: bool = False) -> Made:
        event = new_event(type_, task="my.task" if is_own_task else None)
        self.sent.append(event)
        return Accept(event, format=2 if is_newer else 1), nobody

    def accepts(self, data: st.DataObject) -> Made:
        kind = data.draw(st.sampled_from(["", "", "own", "newer"]), label="kind")
        type_ = data.draw(st.sampled_from(TYPES), label="type")
        return self.accepts_of(type_, is_own_task=kind == "own", is_newer=kind == "newer")

    def accepts_again(self, data: st.DataObject) -> Made:
        return Accept(self.sent[data.draw(st.integers(0, len(self.sent) - 1), label="event")]), nobody

    def retries_now(self, data: st.DataObject) -> Made:
        return RetryNow(self.some_events(data)), nobody

    def cancels(self, data: st.DataObject) -> Made:
        return Cancel(self.some_events(data)), nobody

    def replays(self, data: st.DataObject) -> Made:
        return Replay(self.some_events(data), data.draw(st.booleans(), label="goes on")), nobody

    def erases(self, data: st.DataObject) -> Made:
        return Erase(self.some_events(data)), nobody

    def pauses(self, data: st.DataObject) -> Made:
        return Pause(data.draw(TARGETS, label="target")), nobody

    def resumes(self, data: st.DataObject) -> Made:
        return Resume(data.draw(TARGETS, label="target")), nobody

    def cancels_unheld(self, _: st.DataObject) -> Made:
        return CancelUnheld(), nobody

    def parks(self, data: st.DataObject) -> Made:
        return Park(self.some_serving(data)), nobody

    def unparks(self, data: st.DataObject) -> Made:
        return Unpark(self.some_serving(data)), nobody

    def takes_over(self, data: st.DataObject) -> Made:
        return TakeOver(data.draw(st.booleans(), label="only seen")), nobody

    def folds(self, _: st.DataObject) -> Made:
        return Fold(), nobody

    def time_comes(self, data: st.DataObject) -> Made:
        later = [id_ for id_, event in self.world.events.items() if event.due is Due.LATER]
        return TimeComes(data.draw(st.sampled_from(later), label="event")), nobody

    def lease_ends(self, data: st.DataObject) -> Made:
        return LeaseEnds(self.a_worker(data)[1], data.draw(st.booleans(), label="seen")), nobody

    def minute_passes(self, _: st.DataObject) -> Made:
        return MinutePasses(), nobody
