"""A process's work: claim due runs while there is room, perform many at once, settle each as it finishes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
import structlog

from headrace.domain.event import Run
from headrace.domain.outcome import GivenBack, NodeFailed
from headrace.domain.settle import Settled, settle
from headrace.engine.attempt.failures import report_of
from headrace.flow.execute.claim import Claimed, Claimer
from headrace.flow.execute.completer import Completer
from headrace.flow.execute.perform import Performer, as_before
from headrace.flow.execute.strays import Strays

#: Pause after a claim that the database did not answer.
AGAIN_SECONDS = 0.5

#: What is given back is written within this long, or left to its lease.
GIVE_BACK_SECONDS = 5.0

#: Named ids kept for the next claim at most; the rest is found in the database's order.
NAMED_IDS = 1000

#: So many of the runs of a claim are begun in one turn of the loop: what more of them hold at once is out of the
#: processor's cache when their next turn comes.
TOGETHER = 25

#: A poll comes after the set time, give or take this share of it, so that processes do not poll in step.
POLL_SPREAD = 1 / 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """Bounds of one process: events in flight, runs a claim, and seconds between looks of its own."""

    concurrency: int
    claim_batch: int
    poll_seconds: float
    lost_threads: int


class Executor:
    """Runs on one event loop for the life of its process. `owner` answers the id that may claim now, or None."""

    def __init__(
        self,
        claimer: Claimer,
        performer: Performer,
        completer: Completer,
        owner: Callable[[], UUID | None],
        settings: ExecutorSettings,
        tell: Callable[[Settled], None],
    ) -> None:
        self._claimer = claimer
        self._completer = completer
        self._performer = performer
        self._owner = owner
        self._settings = settings
        self._tell = tell
        self._held: dict[Run, asyncio.Task[None]] = {}
        self._named: list[UUID] = []
        self._strays = Strays(claimer.database)
        self._full = False
        self._wake = asyncio.Event()
        self._stopping = False
        self._settled = 0

    @property
    def in_flight(self) -> int:
        """How many runs the process holds."""
        return len(self._held)

    @property
    def settled(self) -> int:
        """How many runs it settled since its start."""
        return self._settled

    def hint(self, ids: Sequence[UUID] = ()) -> None:
        """Look for due runs now, these first. To be called on the loop's thread."""
        self._named = [*self._named, *ids][-NAMED_IDS:]
        self._wake.set()

    async def run(self) -> None:
        """Claim and start runs; returns after `stop`, when the claim under way is done."""
        loop = asyncio.get_running_loop()
        while not self._stopping:
            self._wake.clear()
            claimed = await self._claim()
            for number, each in enumerate(claimed, 1):
                self._held[each.run] = loop.create_task(self._finish(each))
                if not number % TOGETHER:
                    await asyncio.sleep(0)
            if not claimed and not self._stopping:
                await self._rest()

    def stop(self) -> None:
        """Claim no more. To be called on the loop's thread."""
        self._stopping = True
        self._wake.set()

    async def finish(self, grace_seconds: float) -> None:
        """After `run`: let what it started finish for `grace_seconds`, give the rest back."""
        if performing := self._performing():
            await asyncio.wait(performing, timeout=grace_seconds)
        for task in self._performing():
            task.cancel()
        if performing := self._performing():
            await asyncio.wait(performing, timeout=GIVE_BACK_SECONDS)
        self._performer.canceller.close()
        notebook = self._performer.notebook
        await asyncio.gather(self._completer.drained(GIVE_BACK_SECONDS), notebook.drained(GIVE_BACK_SECONDS))

    async def _claim(self) -> list[Claimed]:
        owner = self._owner()
        if owner is None:
            return []
        try:
            await self._strays.give_back(owner, self._held)
            return await self._claim_for(owner)
        except psycopg.Error as error:
            _log.warning("cannot claim", error=type(error).__name__)
            self._strays.suspect()
            await asyncio.sleep(AGAIN_SECONDS)
            return []

    async def _claim_for(self, owner: UUID) -> list[Claimed]:
        room = self._room()
        self._full = room <= 0
        if self._full or self._performer.threads.lost >= self._settings.lost_threads:
            return []
        named, self._named = self._named, []
        return await self._claimer.claim(owner, room, named)

    def _room(self) -> int:
        """How many more runs it may claim: none while one waits for a thread, which another process may have free."""
        if self._performer.threads.waiting:
            return 0
        return min(self._settings.concurrency - len(self._held), self._settings.claim_batch)

    async def _rest(self) -> None:
        seconds = self._settings.poll_seconds * (1 + POLL_SPREAD * (2 * self._performer.chance() - 1))
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _performing(self) -> list[asyncio.Task[None]]:
        return [task for task in self._held.values() if not task.done()]

    async def _finish(self, claimed: Claimed) -> None:
        run = claimed.run
        try:
            settled = settle(run, await self._performer.perform(claimed))
        except asyncio.CancelledError:
            settled = settle(run, GivenBack(as_before(run)))
        except Exception as error:  # noqa: BLE001  # whatever it was, the run is settled and not held for ever
            _log.exception("an attempt broke off", event_id=str(run.event_id))
            settled = settle(run, NodeFailed(None, report_of(error), b"null", as_before(run)))
        self._completer.add(settled, self._let_go)

    def _let_go(self, settled: Settled, answer: bool | BaseException) -> None:
        run = settled.run
        del self._held[run]
        self._performer.notebook.close(run)
        if not self._held or (self._full and self._room() > 0):
            self._wake.set()
        if isinstance(answer, BaseException):
            _log.error("a run could not be settled", error=repr(answer))
            self._strays.suspect()
        elif answer:
            self._settled += 1
            self._tell(settled)
        else:
            _log.info("taken over by another worker; result discarded", event_id=str(run.event_id))
