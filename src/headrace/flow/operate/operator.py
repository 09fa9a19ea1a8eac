"""The operator: every act commits in chunks, each with its row in the audit, and only then tells anybody."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.selection import Selection
from headrace.errors import Conflict, HeadraceError, InvalidSelection, NotFound, NotSelected, Unavailable
from headrace.flow.operate.acts import FAILED, Act, Cancel, Done, Erase, Replay, Reschedule, RetryNow, SelectiveAct
from headrace.flow.operate.audited import AUDITED_IDS, ids_in_audit, selection_in_audit
from headrace.flow.operate.transactions import acting
from headrace.store.audit import write_audit
from headrace.store.choosing import FIRST, LAST, WINDOW
from headrace.store.database import Connection, Database
from headrace.store.matcher import tell_of
from headrace.store.pausing import PausedTarget, Target, is_known, list_paused, pause, resume
from headrace.store.standing import Standing, read_standings

#: Events in one transaction at most.
CHUNK = 1000

#: Events in one call at most, unless it asks for fewer.
MOST = 10_000

#: Chunks that one call looks at, at most: where few events fit a filter, it ends and says from where to go on.
LOOKS = 20

#: An act on up to so many events that are named is answered soon; what looks for its events has so many seconds, once
#: the database answers at all.
FEW, LONG_SECONDS = 20, 12.0

#: Seconds that a chunk waits for its turn.
TURN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of a call: `count` events were acted on, or would be.

    Workers still hold `asked` of them, and end them within a second or two. `refused` says of each event that was named
    by its id why it was left alone, or would be; `by_type` is told by a dry run. There may be more behind
    `next_cursor`, also where nothing was found.
    """

    count: int
    asked: int = 0
    refused: Mapping[UUID, HeadraceError] = field(default_factory=dict)
    by_type: Mapping[str, int] = field(default_factory=dict)
    next_cursor: UUID | None = None


class Operator:
    """Acts for `actor`. After each commit `tell` hears of the events that are due in a queue.

    All of them raise Unavailable where the database is away; what was committed until then is done. Calls that mean
    events without naming them take turns, chunk by chunk of `window` events: a call waits for no other to end.
    """

    def __init__(
        self,
        database: Database,
        tell: Callable[[str, Sequence[UUID]], None],
        actor: str,
        *,
        window: int = WINDOW,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self._database = database
        self._window = window
        self._turn_seconds = turn_seconds
        self._tell = tell
        self._actor = actor
        self._turn = asyncio.Lock()

    async def pause(self, targets: Sequence[Target]) -> list[Target]:
        """Let nobody claim what the targets name; returns those that were not paused before."""
        async with acting(self._database) as connection:
            new = [target for target in targets if await pause(connection, self._database, target, self._actor)]
            await self._audit_targets(connection, "pause", new)
        return new

    async def resume(self, targets: Sequence[Target]) -> int:
        """End these pauses, or all of them with `Scope.ALL`; returns how many ended."""
        async with acting(self._database) as connection:
            ended = [await resume(connection, self._database, target) for target in targets]
            await self._audit_targets(connection, "resume", targets if any(ended) else ())
        return sum(ended)

    async def notes_on(self, targets: Sequence[Target]) -> list[str]:
        """What to tell whoever pauses these: a name that nothing knows may be mistyped, or come later."""
        async with acting(self._database) as connection:
            unknown = [target for target in targets if not await is_known(connection, self._database, target)]
        named = [f"{target.scope} {target.name}" for target in unknown]
        return [
            f"No live worker and no unfinished event has the {each}. The pause holds all the same." for each in named
        ]

    async def paused(self) -> list[PausedTarget]:
        """What is paused now."""
        async with acting(self._database) as connection:
            return await list_paused(connection, self._database)

    async def cancel(
        self, selection: Selection, *, dry_run: bool = False, after: UUID = FIRST, most: int = MOST
    ) -> Acted:
        """End unfinished events, at most `most` behind the id `after`. Raises InvalidSelection."""
        return await self._act(Cancel(self._actor), selection, dry_run, after, most)

    async def replay(
        self,
        selection: Selection,
        begin: str = FAILED,
        *,
        dry_run: bool = False,
        after: UUID = FIRST,
        most: int = MOST,
    ) -> Acted:
        """Run finished events again from `START`, from where they `FAILED`, or from the node that `begin` names.

        What succeeded has nowhere failed, and begins afresh. Raises InvalidSelection, UnknownNode, UnknownPipeline.
        """
        return await self._act(Replay(begin), selection, dry_run, after, most)

    async def retry_now(
        self, selection: Selection, *, dry_run: bool = False, after: UUID = FIRST, most: int = MOST
    ) -> Acted:
        """Make events due that wait for their delivery, a retry, a pipeline or a schema. Raises InvalidSelection."""
        return await self._act(RetryNow(), selection, dry_run, after, most)

    async def reschedule(self, ids: Sequence[UUID], deliver_at: datetime, *, after: UUID = FIRST) -> Acted:
        """Give events that wait for their delivery another time of it. Raises InvalidSelection."""
        act = Reschedule(deliver_at)
        selection = _named(ids)
        return await self._act_in_chunks(act, selection, act.narrowed(selection), after, MOST)

    async def erase(self, ids: Sequence[UUID], *, after: UUID = FIRST) -> Acted:
        """Forget finished events, so few in a transaction that the audit names each. Raises InvalidSelection."""
        selection = _named(ids)
        return await self._act_in_chunks(Erase(), selection, selection, after, MOST, AUDITED_IDS)

    async def _act(self, act: SelectiveAct, selection: Selection, dry_run: bool, after: UUID, most: int) -> Acted:
        if selection.is_empty:
            raise InvalidSelection("Say which events are meant, or that all are.")
        if selection.since is not None and selection.until is not None and selection.since >= selection.until:
            raise InvalidSelection("No time is between these two: the first must be before the second.")
        meant = act.narrowed(selection)
        if dry_run:
            return await self._try(act, selection, meant, after)
        return await self._act_in_chunks(act, selection, meant, after, most)

    async def _count_in_chunks(self, act: SelectiveAct, meant: Selection, after: UUID) -> Acted:
        by_type: Counter[str] = Counter()
        cursor: UUID | None = after
        looks = 0
        while cursor is not None and looks < LOOKS:
            async with self._chunk(meant) as connection:
                counted, cursor = await act.count(connection, self._database, meant, cursor, self._window)
            by_type.update(counted)
            looks += 1
        return Acted(by_type.total(), by_type=dict(sorted(by_type.items())), next_cursor=cursor)

    async def _try(self, act: SelectiveAct, selection: Selection, meant: Selection, after: UUID) -> Acted:
        """What would come of it."""
        if not selection.ids:
            return await self._count_in_chunks(act, meant, after)
        async with self._chunk(meant) as connection:
            named = await act.named(connection, self._database, meant)
        refused = await self._refusals(act, selection, selection.ids, [event.event_id for event in named])
        return Acted(len(named), refused=refused, by_type=Counter(sorted(event.type for event in named)))

    async def _act_in_chunks(
        self, act: Act, selection: Selection, meant: Selection, after: UUID, most: int, most_in_chunk: int = CHUNK
    ) -> Acted:
        done: list[UUID] = []
        asked = chosen = looks = 0
        cursor: UUID | None = after
        while cursor is not None and chosen < most and looks < LOOKS:
            chunk, cursor, number = await self._act_on_chunk(act, meant, cursor, min(most_in_chunk, most - chosen))
            done += chunk.ids
            asked += len(chunk.asked)
            chosen += number
            looks += 1
        looked_at = [event_id for event_id in selection.ids if after < event_id <= (cursor or LAST)]
        refused = await self._refusals(act, selection, looked_at, done)
        return Acted(len(done), asked, refused, next_cursor=cursor)

    async def _act_on_chunk(self, act: Act, meant: Selection, after: UUID, most: int) -> tuple[Done, UUID | None, int]:
        """What was done, the id to go on behind (None at the end), and how many events were chosen."""
        async with self._chunk(meant) as connection:
            chosen, cursor = await act.choose(connection, self._database, meant, after, most, self._window)
            done = await act.perform(connection, self._database, chosen) if chosen else Done(())
            if done.ids:
                detail = selection_in_audit(meant) | dict(act.detail) | ids_in_audit(done.ids)
                await self._audit(connection, act.name, detail)
        tell_of(done.due.items(), self._tell)
        return done, cursor, len(chosen)

    async def _refusals(
        self, act: Act, selection: Selection, ids: Sequence[UUID], done: Sequence[UUID]
    ) -> dict[UUID, HeadraceError]:
        """Why those of the ids were left alone to which nothing was done."""
        others = sorted(set(ids).difference(done))
        if not others:
            return {}
        async with acting(self._database) as connection:
            standings = await read_standings(connection, self._database, others)
        return {
            event_id: _refusal(act, selection, event_id, standings[event_id])
            if event_id in standings
            else NotFound(f"There is no event {event_id}.")
            for event_id in others
        }

    async def _audit_targets(self, connection: Connection, act: str, targets: Sequence[Target]) -> None:
        if targets:
            named = [{"scope": target.scope, "name": target.name} for target in targets]
            await self._audit(connection, act, {"targets": named})

    async def _audit(self, connection: Connection, act: str, detail: Mapping[str, Any]) -> None:
        await write_audit(connection, self._database, self._actor, act, detail)

    @asynccontextmanager
    async def _chunk(self, meant: Selection) -> AsyncIterator[Connection]:
        """A transaction. One that may look at many events has its turn first; events that are named are few."""
        if 0 < len(meant.ids) <= FEW:
            async with acting(self._database) as connection:
                yield connection
            return
        async with nullcontext() if meant.ids else self._in_turn():
            await self._answers()
            async with acting(self._database, LONG_SECONDS) as connection:
                yield connection

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._turn_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("Too many other acts are under way.") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _answers(self) -> None:
        """Raises Unavailable soon where the database does not answer, before it is given long."""
        async with acting(self._database):
            pass


def _named(ids: Sequence[UUID]) -> Selection:
    selection = Selection(ids=ids)
    if selection.is_empty:
        raise InvalidSelection("Say which events are meant.")
    return selection


def _refusal(act: Act, selection: Selection, event_id: UUID, standing: Standing) -> HeadraceError:
    """Why an event that is named, and stands so, was left alone."""
    if (refusal := act.refusal(event_id, standing)) is not None:
        return refusal
    if selection.has_filters:
        return NotSelected(f"The event {event_id} is not what else is asked for: a {standing.state} {standing.type!r}.")
    return Conflict(f"The event {event_id} was changed by somebody else at this moment. Try again.")
