"""The relay: one look a second, and then only what the look found. Every step is correct with several leaders."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
import structlog

from headrace.domain.settle import Policy
from headrace.flow.relay.losses import take_over_lost
from headrace.flow.relay.ticker import fire_due
from headrace.store.cancelling import cancel_unheld
from headrace.store.database import Connection, Database
from headrace.store.look import View, look, resign
from headrace.store.matcher import tell_of
from headrace.store.parking import Serving, park, unpark
from headrace.store.partitions import ensure_partitions
from headrace.store.projections import discard
from headrace.store.tallies import fold_tallies
from headrace.store.waits import START, match_some

#: Seconds between the looks of a leader, and between those of the others.
PASS_SECONDS, FOLLOW_SECONDS = 1.0, 1.5

#: A leader looks as soon as the next run is due, but after so many seconds at the earliest; and so much after it.
LEAST_PASS_SECONDS, MARGIN_SECONDS = 0.1, 0.005

#: A leader that is not heard of for this long is replaced, at the next look of another: within five seconds.
LEAD_SECONDS = 3.0

#: Due runs looked at for parking, parked runs brought back and waits looked at in one statement.
CHUNK = 1000

#: Chunks that are parked, and that are brought back, in each pass and queue at most.
PARK_CHUNKS = 20

#: Rows of the outbox that are forgotten in one statement, and such chunks in each pass at most.
DISCARD_CHUNK, DISCARD_CHUNKS = 10_000, 5

#: Seconds between two foldings of the ledger.
FOLD_SECONDS = 5.0

#: Seconds between two chunks of waits for which events are looked for.
MATCH_SECONDS = 5.0

#: Seconds between two looks for parked runs that may run, without a change of what workers announce.
UNPARK_SECONDS = 60.0

#: Seconds between two looks for runs that are held by nobody.
UNOWNED_SECONDS = 300.0

#: Seconds between two checks that partitions exist ahead.
PARTITIONS_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelayTimes:
    """How long a new leader, or one that was cut off, lets workers renew their leases before it calls them dead."""

    settle_in_seconds: float


class Relay:
    """Looks once a second in `run`. `tell` wakes the workers of a queue; `on_look` hears what each look saw, of runs
    that lost workers those that are due in `own_queues`. With `discards` there is no search copy: what it would be told
    is forgotten.
    """

    def __init__(
        self,
        database: Database,
        holder: UUID,
        times: RelayTimes,
        policy: Policy,
        release: str,
        tell: Callable[[str, Sequence[UUID]], None],
        own_queues: Sequence[str],
        on_look: Callable[[View], None],
        *,
        discards: bool,
    ) -> None:
        self._database = database
        self._holder = holder
        self._times = times
        self._policy = policy
        self._release = release
        self._tell = tell
        self._own_queues = own_queues
        self._on_look = on_look
        self._discards = discards
        self._rest_seconds = PASS_SECONDS
        self._leads_since: float | None = None
        self._looked: datetime | None = None
        self._serving: Serving | None = None
        self._next_unpark = 0.0
        self._next_unowned = 0.0
        self._next_fold = 0.0
        self._next_match = 0.0
        self._matched = START
        self._next_partitions = 0.0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Pass after pass until `stop`; a pass that fails is logged and the next one comes."""
        while not self._stopping.is_set():
            try:
                await self._pass()
            except Exception as error:  # noqa: BLE001  # the relay's loop outlives whatever one pass meets
                self._leads_since = None
                _log.warning("relay pass failed", error=f"{type(error).__name__}: {error}")
            await self._rest(self._rest_seconds if self._leads_since is not None else FOLLOW_SECONDS)
        await self._resign()

    def stop(self) -> None:
        """End after the pass that is under way, and leave the lead to others."""
        self._stopping.set()

    async def _pass(self) -> None:
        async with self._database.connection() as connection:
            view = await look(connection, self._database, self._holder, LEAD_SECONDS, PASS_SECONDS, self._own_queues)
            self._on_look(view)
            self._rest_seconds = rest_seconds(view)
            before, self._looked = self._looked or view.moment, view.moment
            if (view.moment - before).total_seconds() > LEAD_SECONDS:
                self._leads_since = None  # this machine slept, or the database stood still: workers, too, come late
            if not view.leads:
                self._leads_since = None
                return
            if self._leads_since is None:
                self._leads_since = time.monotonic()
                self._serving = None
            await self._lead(connection, view)

    async def _lead(self, connection: Connection, view: View) -> None:
        if view.dead_workers or time.monotonic() >= self._next_unowned:
            self._next_unowned = time.monotonic() + UNOWNED_SECONDS
            patient = time.monotonic() - (self._leads_since or 0.0) < self._times.settle_in_seconds
            await take_over_lost(
                connection, self._database, self._policy, view.moment, self._release, only_seen=patient
            )
        if view.cancelling:
            await cancel_unheld(connection, self._database)
        await self._unpark(connection, view.serving)
        for queue in view.due_queues:
            await self._park(connection, queue, view.serving)
            self._tell(queue, ())
        if view.next_schedule is not None and view.next_schedule <= view.moment:
            await self._fire(connection)
        try:
            await self._keep_house(connection, view)
            if self._discards and view.unindexed:
                await self._discard(connection)
        except psycopg.Error as error:
            _log.warning("housekeeping failed", error=f"{type(error).__name__}: {error}")

    async def _fire(self, connection: Connection) -> None:
        """Fire what recurs. If that cannot be stored now, the rest of the pass does not wait for it."""
        try:
            fired = await fire_due(connection, self._database, self._release)
        except psycopg.Error as error:
            self._rest_seconds = PASS_SECONDS
            _log.warning("schedules cannot be fired", error=f"{type(error).__name__}: {error}")
            return
        tell_of(((event.id, event.queue) for event in fired), self._tell)

    async def _park(self, connection: Connection, queue: str, serving: Serving) -> None:
        """Clear the head of the queue of what nobody takes, so that claims need not read over it."""
        for _ in range(PARK_CHUNKS):
            if await park(connection, self._database, queue, serving, CHUNK) < CHUNK:
                return

    async def _unpark(self, connection: Connection, serving: Serving) -> None:
        """Bring parked runs back in chunks: after each change of what may run, and now and then."""
        now = time.monotonic()
        if serving == self._serving and now < self._next_unpark:
            return
        self._next_unpark = now + UNPARK_SECONDS
        ended = [await self._bring_back(connection, queue, serving) for queue in serving.served]
        self._serving = serving if all(ended) else None

    async def _bring_back(self, connection: Connection, queue: str, serving: Serving) -> bool:
        """Whether all came back; a pass that takes too long would cost the lead."""
        for _ in range(PARK_CHUNKS):
            if await unpark(connection, self._database, queue, serving, CHUNK) < CHUNK:
                return True
        return False

    async def _keep_house(self, connection: Connection, view: View) -> None:
        now = time.monotonic()
        if view.unfolded and now >= self._next_fold:
            self._next_fold = now + FOLD_SECONDS
            await fold_tallies(connection, self._database)
        if view.awaiting and now >= self._next_match:
            self._next_match = now + MATCH_SECONDS
            woken, self._matched = await match_some(connection, self._database, self._matched, CHUNK)
            tell_of(woken, self._tell)
        if now >= self._next_partitions:
            self._next_partitions = now + PARTITIONS_SECONDS
            await ensure_partitions(connection, self._database)

    async def _discard(self, connection: Connection) -> None:
        for _ in range(DISCARD_CHUNKS):
            if await discard(connection, self._database, DISCARD_CHUNK) < DISCARD_CHUNK:
                return

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _resign(self) -> None:
        try:
            async with self._database.connection(timeout_seconds=1.0) as connection:
                await resign(connection, self._database, self._holder)
        except psycopg.Error:
            _log.info("could not resign; the lead runs out by itself")


def rest_seconds(view: View) -> float:
    """How long a leader rests after a look: until the next run or schedule is due, within bounds."""
    ahead = [(moment - view.moment).total_seconds() for moment in (view.next_due, view.next_schedule) if moment]
    return min([PASS_SECONDS, *(max(LEAST_PASS_SECONDS, seconds + MARGIN_SECONDS) for seconds in ahead)])
