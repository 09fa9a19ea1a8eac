"""For later: a million events that wait and a hundred thousand schedules, and how late those are that come due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import orjson
import psycopg

from bench.history import UNFINISHED, multiply
from bench.load.bodies import Body, make_bodies
from bench.quantiles import quantile
from bench.rows.idle import watched
from bench.services import Services
from bench.systems.headrace.system import Headrace
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial, Void
from bench.waiting import until
from headrace.domain.clock import utc_now
from headrace.store.body import pack

ROW = "later"

AT_REST = "idle with 1 million events for later and 100 thousand schedules, statements"
EVENTS, SCHEDULES = "events for later, 500 due a second: late", "schedules, 500 due a second: late"

#: Of what came due at a time of its own, half was finished within this, and all.
MEDIAN, MOST = "p50", "at most"

#: Events of which copies are made, and copies of each.
ORIGINALS, COPIES = 1_000, 1_000

#: Schedules; each of them is due again after the seconds that make it so many a second together.
RECURRING = 100_000
A_SECOND = 500

#: They come due for so many times the seconds of the scale.
LASTING = 10.0

#: What comes due does so from so many seconds on after it was asked for, which takes a while.
AHEAD_SECONDS = 10.0

#: Within so many seconds of its time, all that came due is finished.
LATEST_SECONDS = 60.0

_DELAY = "UPDATE headrace.runs SET state = 'waiting', reason = 'delay', rank = now() + interval '1 day'"

_RECUR = """
INSERT INTO headrace.schedules (id, tenant, name, settings, type, body, anchor, tick, due)
SELECT gen_random_uuid(), 'default', 's' || number, %(settings)s::json, %(type)s, %(body)s, now(),
       now() + interval '1 day', now() + interval '1 day'
FROM generate_series(1, %(count)s) AS number
"""

_EVENTS_COME_DUE = """
WITH chosen AS (
    SELECT event_id, %(start)s::timestamptz + (row_number() OVER () - 1) / %(rate)s::float8 * interval '1 s' AS at
    FROM (SELECT event_id FROM headrace.runs WHERE reason = 'delay' LIMIT %(count)s) AS found
), noted AS (
    UPDATE headrace.events e SET deliver_at = chosen.at FROM chosen WHERE e.id = chosen.event_id
)
UPDATE headrace.runs r SET rank = chosen.at FROM chosen WHERE r.event_id = chosen.event_id
"""

_SCHEDULES_COME_DUE = """
UPDATE headrace.schedules s SET tick = at, due = at, anchor = at
FROM (
    SELECT id, %(start)s::timestamptz + (row_number() OVER () - 1) / %(rate)s::float8 * interval '1 s' AS at
    FROM headrace.schedules
) AS chosen
WHERE s.id = chosen.id
"""

_EVENTS_LATE = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(r.xmin) - e.deliver_at)::float8 * 1e3
FROM headrace.results r JOIN headrace.events e ON e.id = r.event_id WHERE e.deliver_at < %(end)s
"""

_SCHEDULES_LATE = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(r.xmin) - t.tick)::float8 * 1e3
FROM headrace.ticks t JOIN headrace.results r ON r.event_id = t.event_id WHERE t.tick < %(end)s
"""


async def late(services: Services, scale: Scale) -> Sequence[Figure]:
    """With two worker processes: first while nothing is due, then while events are, then while schedules are."""
    [body] = make_bodies(Body.SMALL, 1)
    async with await services.connect() as connection, Headrace(services) as system:
        ids = await system.fill(make_bodies(Body.SMALL, ORIGINALS))
        await connection.execute(_DELAY)
        await multiply(connection, UNFINISHED, [UUID(each) for each in ids], range(COPIES))
        settings = orjson.dumps({"every": RECURRING / A_SECOND}).decode()
        recurring = {"settings": settings, "type": orjson.loads(body)["type"], "body": pack(body), "count": RECURRING}
        await connection.execute(_RECUR, recurring)
        await connection.execute("VACUUM (ANALYZE) headrace.events, headrace.runs, headrace.schedules")
        await connection.execute("CHECKPOINT")
        await system.start_workers(WORKER_PROCESSES)
        rest = await watched(system, services, scale)
        events = await _come_due(connection, _EVENTS_COME_DUE, _EVENTS_LATE, scale.seconds * LASTING)
        schedules = await _come_due(connection, _SCHEDULES_COME_DUE, _SCHEDULES_LATE, scale.seconds * LASTING)
    return [
        Figure(AT_REST, "", Headrace.name, "a second", rest.statements),
        *_figures(EVENTS, events),
        *_figures(SCHEDULES, schedules),
    ]


async def _come_due(
    connection: psycopg.AsyncConnection, begin: LiteralString, look: LiteralString, seconds: float
) -> list[float]:
    """Milliseconds from when each was due to the commit of its result."""
    start = utc_now() + timedelta(seconds=AHEAD_SECONDS)
    count = round(A_SECOND * seconds)
    await connection.execute(begin, {"start": start, "rate": A_SECOND, "count": count})
    if utc_now() > start:
        raise Void(f"What is to come due could not be written within {AHEAD_SECONDS:g} s.")
    await asyncio.sleep(AHEAD_SECONDS + seconds)
    found: list[float] = []

    async def all_are_finished() -> bool:
        cursor = await connection.execute(look, {"end": start + timedelta(seconds=seconds)})
        found[:] = [milliseconds for (milliseconds,) in await cursor.fetchall()]
        return len(found) == count

    await until(all_are_finished, f"{count} that came due are finished", LATEST_SECONDS)
    return found


def _figures(what: str, milliseconds: Sequence[float]) -> list[Figure]:
    parts = {MEDIAN: 0.5, MOST: 1.0}
    return [
        Figure(f"{what}, {name}", Body.SMALL, Headrace.name, "ms", quantile(milliseconds, part))
        for name, part in parts.items()
    ]


def trials() -> list[Trial]:
    """The one, once: it takes minutes."""
    return [Trial(ROW, Headrace.name, Body.SMALL, late, once=True, whole_only=True)]
