"""Acts with transactions that overlap, and the model and the store compared after each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headrace.domain.event import NewEvent, Run
from headrace.flow.relay import ALONE_ROLE
from tests.model import observing
from tests.model.life import NOTHING, Change, World
from tests.model.sessions import BLOCKED, Sessions
from tests.model.worker_acts import Act
from tests.support.storage import Storage


@dataclass(slots=True)
class Worker:
    """A process: the id under which it claims now, and every run that it ever claimed, lost ones included."""

    role: str
    id: UUID | None = None
    runs: list[Run] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pending:
    """An act, and what hears of its answer when it is committed."""

    act: Act
    on_commit: Callable[[Any], None]
    answer: Any = None


def nobody(answer: Any) -> None:
    """Nobody wants to know."""


class Overlapping(RuleBasedStateMachine):
    """Takes acts one after the other; one may leave its transaction open while others act, until the rule `end`."""

    def __init__(self, storage: Storage, sessions: Sessions) -> None:
        super().__init__()
        storage.clean()
        self.storage = storage
        self.sessions = sessions
        self.world = World()
        self.sent: list[NewEvent] = []
        self.workers = [Worker("worker"), Worker(ALONE_ROLE)]
        self.open: Pending | None = None
        self.overlaps = False
        self.blocked: Pending | None = None

    def teardown(self) -> None:
        self.sessions.end(commits=False)

    def take(self, act: Act, on_commit: Callable[[Any], None] = nobody, *, stays_open: bool = False) -> None:
        """Let an act happen, and the model follow."""
        if stays_open and self.open is None:
            answer = self.sessions.leave_open(act)
            self.open, self.world.open = Pending(act, on_commit, answer), act.expect(self.world, answer)
            self.overlaps = False
            return
        self.overlaps = True
        answer = self.sessions.act(act)
        if answer is BLOCKED:
            self.blocked = Pending(act, on_commit)
            return
        change = act.expect(self.world, answer)
        assert not change.touches(self.world.open), "two transactions wrote one row"
        self.commit(change, answer, on_commit)

    def commit(self, change: Change, answer: Any, on_commit: Callable[[Any], None]) -> None:
        self.world.apply(change)
        on_commit(answer)

    @precondition(lambda self: self.open is not None and self.overlaps)
    @rule(commits=st.sampled_from([True, True, False]))
    def end(self, commits: bool) -> None:
        """The open transaction ends, and what it blocked goes on as if it had begun only now."""
        first, second, change = self.open, self.blocked, self.world.open
        assert first is not None
        self.open, self.blocked, self.world.open = None, None, NOTHING
        answer = self.sessions.end(commits=commits)
        if commits:
            self.commit(change, first.answer, first.on_commit)
        if second is not None:
            self.commit(second.act.expect(self.world, answer), answer, second.on_commit)

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        seen = observing.observed(self.storage)
        assert seen.events == self.world.events
        assert observing.orphans(self.storage) == []
        assert observing.observed_leases(self.storage) == self.world.leases
        assert observing.observed_asked(self.storage) == self.world.asked
        assert observing.observed_paused(self.storage) == self.world.paused
        ledger = observing.observed_ledger(self.storage)
        assert ledger == {state: count for state, count in self.world.ledger().items() if count or state in ledger}
        self.world.ranks = seen.ranks
