"""The operator: every act commits in chunks, each with its row in the audit, and only then tells anybody."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from headrace.domain.selection import Selection
from headrace.errors import HeadraceError, InvalidSelection, NotFound, Unavailable
from headrace.flow.operate.acts import FAILED, Act, Cancel, Done, Replay, RetryNow
from headrace.store.audit import write_audit
from headrace.store.choosing import FIRST
from headrace.store.database import AWAY, Connection, Database, wait_for_locks
from headrace.store.matcher import tell_of
from headrace.store.pausing import PausedTarget, Target, list_paused, pause, resume
from headrace.store.standing import read_standings

#: Events in one transaction at most.
CHUNK = 1000

#: Events in one call at most, unless it asks for fewer.
MOST = 10_000

#: Up to so many ids stand in the audit.
AUDITED_IDS = 20


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of a call: `count` events were acted on, or would be.

    Workers still hold `asked` of them, and end them within a second or two. `refused` says of each event that was named
    by its id why it was left alone; `by_type` is told by a dry run. There may be more behind `next_cursor`.
    """

    count: int
    asked: int = 0
    refused: Mapping[UUID, HeadraceError] = field(default_factory=dict)
    by_type: Mapping[str, int] = field(default_factory=dict)
    next_cursor: UUID | None = None


class Operator:
    """Acts for `actor`. After each commit `tell` hears of the events that are due in a queue.

    All of them raise Unavailable where the database is away; what was committed until then is done. One call at a time
    goes over more events than it names.
    """

    def __init__(self, database: Database, tell: Callable[[str, Sequence[UUID]], None], actor: str) -> None:
        self._database = database
        self._tell = tell
        self._actor = actor
        self._turn = asyncio.Lock()

    async def pause(self, targets: Sequence[Target]) -> list[Target]:
        """Let nobody claim what the targets name; returns those that were not paused before."""
        async with self._transaction() as connection:
            new = [target for target in targets if await pause(connection, self._database, target, self._actor)]
            await self._audit_targets(connection, "pause", new)
        return new

    async def resume(self, targets: Sequence[Target]) -> int:
        """End these pauses, or all of them with `Scope.ALL`; returns how many ended."""
        async with self._transaction() as connection:
            ended = [await resume(connection, self._database, target) for target in targets]
            await self._audit_targets(connection, "resume", targets if any(ended) else ())
        return sum(ended)

    async def paused(self) -> list[PausedTarget]:
        """What is paused now."""
        async with self._transaction() as connection:
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
        """Make events due that wait for a retry, a pipeline or a schema. Raises InvalidSelection."""
        return await self._act(RetryNow(), selection, dry_run, after, most)

    async def _act(self, act: Act, selection: Selection, dry_run: bool, after: UUID, most: int) -> Acted:
        if selection.is_empty:
            raise InvalidSelection("Say which events are meant, or that all are.")
        meant = act.narrowed(selection)
        if dry_run:
            async with self._transaction() as connection:
                by_type = await act.count(connection, self._database, meant)
            return Acted(sum(by_type.values()), by_type=by_type)
        if selection.names_all:
            return await self._act_in_chunks(act, selection, meant, after, most)
        async with self._turn:
            return await self._act_in_chunks(act, selection, meant, after, most)

    async def _act_in_chunks(self, act: Act, selection: Selection, meant: Selection, after: UUID, most: int) -> Acted:
        done: list[UUID] = []
        asked = chosen = 0
        cursor: UUID | None = after
        while cursor is not None and chosen < most:
            chunk, cursor, looked_at = await self._act_on_chunk(act, meant, cursor, min(CHUNK, most - chosen))
            done += chunk.ids
            asked += len(chunk.asked)
            chosen += looked_at
        refused = await self._refusals(act, selection, done) if selection.names_all else {}
        return Acted(len(done), asked, refused, next_cursor=cursor)

    async def _act_on_chunk(self, act: Act, meant: Selection, after: UUID, most: int) -> tuple[Done, UUID | None, int]:
        """What was done, the id to go on behind (None at the end), and how many events were chosen."""
        async with self._transaction() as connection:
            chosen = await act.choose(connection, self._database, meant, after, most)
            done = await act.perform(connection, self._database, chosen) if chosen else Done(())
            if done.ids:
                await self._audit(connection, act.name, _told(meant) | dict(act.detail) | _told_ids(done.ids))
        tell_of(done.due.items(), self._tell)
        return done, chosen[-1].event_id if len(chosen) == most else None, len(chosen)

    async def _refusals(self, act: Act, selection: Selection, done: Sequence[UUID]) -> dict[UUID, HeadraceError]:
        others = sorted(set(selection.ids).difference(done))
        if not others:
            return {}
        async with self._transaction() as connection:
            standings = await read_standings(connection, self._database, others)
        return {
            event_id: act.refusal(event_id, standings[event_id])
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
    async def _transaction(self) -> AsyncIterator[Connection]:
        try:
            async with self._database.connection() as connection, connection.transaction():
                await wait_for_locks(connection)
                yield connection
        except AWAY as error:
            raise Unavailable("The database cannot be written now.") from error


def _told(selection: Selection) -> dict[str, Any]:
    """The selection as the audit has it: what is given, less long lists of ids."""
    members = {
        "types": list(selection.types),
        "states": list(selection.states),
        "reasons": list(selection.reasons),
        "codes": list(selection.codes),
        "nodes": list(selection.nodes),
        "releases": list(selection.releases),
        "since": selection.since,
        "until": selection.until,
        "all": selection.everything,
    }
    return {"selection": {name: value for name, value in members.items() if value}}


def _told_ids(ids: Sequence[UUID]) -> dict[str, Any]:
    told: dict[str, Any] = {"count": len(ids), "first": min(ids), "last": max(ids)}
    return told | {"ids": list(ids)} if len(ids) <= AUDITED_IDS else told
