"""Answers of the API and the CLI, read from Postgres in one snapshot each."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg

from headrace.domain.contexts import dump, whole_context, with_event
from headrace.domain.ids import first_id_at, time_of
from headrace.domain.payload import decode
from headrace.domain.states import EventState
from headrace.errors import NotFound, Unavailable
from headrace.flow.read.connecting import reading
from headrace.flow.read.lag import read_copy_lag
from headrace.flow.read.overview import Overview, read_overview
from headrace.flow.read.views import (
    AttemptView,
    EventDetails,
    EventFilter,
    EventPage,
    EventSummary,
    EventView,
    HealthCheck,
    Stats,
)
from headrace.store.body import unpack
from headrace.store.database import Connection, Database, limit_statements, read_one_moment
from headrace.store.reading import count_by_state, read_event, read_events
from headrace.store.server import read_facts
from headrace.store.tallies import sum_tallies

#: Seconds that the database has for an answer to a question after its health.
HEALTH_SECONDS = 1.5

#: Seconds that the longest statement of an overview may take: a scrape of Prometheus waits for 10 s.
OVERVIEW_SECONDS = 6.0

_NEWEST = UUID(int=(1 << 128) - 1)
_OLDEST = UUID(int=0)

#: A check of another service than the database; it answers within a second or two.
Check = Callable[[], Awaitable[HealthCheck]]


class Reader:
    """Reads. `checks` are asked for `health` beside the database itself. `copy` is the search copy, if there is one."""

    def __init__(self, database: Database, checks: Sequence[Check] = (), copy: str | None = None) -> None:
        self._database = database
        self._checks = checks
        self._copy = copy

    async def get_event(self, event_id: UUID) -> EventView:
        """One event with its result so far. Raises NotFound, Unavailable."""
        async with self._snapshot() as connection:
            found = await read_event(connection, self._database, event_id)
        if found is None:
            raise NotFound(f"There is no event {event_id}.")
        return _view(*found)

    async def list_events(self, wanted: EventFilter) -> EventPage:
        """Newest first. A page may hold fewer than `limit` events and still have a next one. Raises Unavailable."""
        until = first_id_at(wanted.until) if wanted.until else _NEWEST
        async with reading(self._database) as connection:
            rows, cursor = await read_events(
                connection,
                self._database,
                before=min(until, wanted.cursor or _NEWEST),
                first=first_id_at(wanted.since) if wanted.since else _OLDEST,
                type_=wanted.type,
                states=wanted.states or None,
                limit=wanted.limit,
            )
        return EventPage(tuple(_summary(row) for row in rows), cursor)

    async def stats(self) -> Stats:
        """The ledger, exact at the moment of reading, and how far the search copy is behind. Raises Unavailable."""
        async with self._snapshot() as connection:
            sums = await sum_tallies(connection, self._database)
            unfinished = await count_by_state(connection, self._database)
            search = await read_copy_lag(connection, self._database, self._copy)
        by_state: Counter[EventState] = Counter()
        waiting: Counter[str] = Counter()
        for state, reason, count in unfinished:
            by_state[EventState(state)] += count
            if state == EventState.WAITING:
                waiting[reason] += count
        through = {state: sums.get(state, 0) for state in ("succeeded", "failed", "cancelled", "erased")}
        accepted = sums.get("accepted", 0)
        unfinished_count = accepted - sum(through.values())
        return Stats(accepted, unfinished_count, **through, by_state=by_state, waiting=waiting, search=search)

    async def overview(self) -> Overview | None:
        """What is due, waiting and paused, who works and who leads. None where the database answers, but cannot tell
        that in `OVERVIEW_SECONDS`: a deep backlog is long to count. Raises Unavailable.
        """
        found: Overview | None = None
        async with self._snapshot() as connection:
            await limit_statements(connection, OVERVIEW_SECONDS)
            try:
                found = await read_overview(connection, self._database, self._copy)
            except psycopg.errors.UndefinedTable as error:
                raise Unavailable("The schema is not there.") from error
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
                raise psycopg.Rollback from None
        return found

    async def health(self) -> list[HealthCheck]:
        """Each service that this process needs or uses; only a required one makes it unready."""
        return await asyncio.gather(self._database_health(), *(check() for check in self._checks))

    async def _database_health(self) -> HealthCheck:
        try:
            async with reading(self._database, HEALTH_SECONDS) as connection:
                facts = await read_facts(connection, self._database)
        except Unavailable as error:
            return HealthCheck("database", ok=False, detail=error.detail)
        if facts.is_read_only:
            await self._database.reconnect()
        problems = facts.problems_now()
        return HealthCheck("database", ok=not problems, detail=" ".join(problems) or "writable")

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        """A connection whose statements all see the same moment."""
        async with reading(self._database) as connection, connection.transaction():
            await read_one_moment(connection)
            yield connection


def _view(event: tuple[Any, ...], attempts: Sequence[tuple[Any, ...]], details: tuple[Any, ...]) -> EventView:
    (
        event_id, type_, state, reason, since, body, task_context, error, attempt, finished_at, release, source,
        subject, parent_id, deliver_at,
    ) = event  # fmt: skip
    body = unpack(body)
    found = EventDetails(*(_bytes(column) or b"[]" for column in details))
    return EventView(
        id=event_id,
        type=type_,
        state=EventState(state),
        reason=reason,
        since=since,
        body=body,
        task_context=None if task_context is None else whole_context(task_context.encode(), body),
        error=_bytes(error),
        attempts=tuple(_attempt(row) for row in attempts),
        attempt=attempt,
        created_at=time_of(event_id),
        finished_at=finished_at,
        release=release,
        source=source,
        subject=subject,
        parent_id=parent_id,
        deliver_at=deliver_at,
        details=replace(found, past_results=_whole(found.past_results, body)),
    )


def _whole(past_results: bytes, body: bytes) -> bytes:
    """Earlier results, each with its whole context."""
    past = decode(past_results)
    for result in past:
        result["task_context"] = with_event(result["task_context"], body)
    return dump(past)


def _attempt(row: tuple[Any, ...]) -> AttemptView:
    run_number, attempt, outcome, node, error, started_at, ended_at, release = row
    return AttemptView(run_number, attempt, outcome, node, _bytes(error), started_at, ended_at, release)


def _summary(row: tuple[Any, ...]) -> EventSummary:
    event_id, type_, state, reason, since, attempt, finished_at = row
    return EventSummary(event_id, type_, EventState(state), reason, since, attempt, time_of(event_id), finished_at)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
