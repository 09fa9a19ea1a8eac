"""All schedules at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.store.database import Connection, Database

_SURVEY = """
WITH served AS (
    SELECT DISTINCT queue, type FROM headrace.workers w, unnest(w.queues) AS queue, jsonb_object_keys(w.types) AS type
    WHERE w.expires > now()
), unserved AS (
    SELECT name, type, queue FROM headrace.schedules
    WHERE due < 'infinity' AND EXISTS (SELECT FROM served) AND (queue, type) NOT IN (SELECT queue, type FROM served)
    ORDER BY name LIMIT %(most)s
)
SELECT count(*), count(paused), count(vanished), extract(epoch FROM now() - min(due))::float8,
       (SELECT coalesce(json_agg(json_build_array(name, type, queue) ORDER BY name), '[]') FROM unserved)
FROM (SELECT paused, vanished, nullif(due, 'infinity') AS due FROM headrace.schedules) AS s
"""

#: Schedules whose events nobody takes that are told at most.
MOST_UNSERVED = 10


@dataclass(frozen=True, slots=True)
class UnservedSchedule:
    """A schedule whose type no live worker takes out of its queue, so that its events wait."""

    name: str
    type: str
    queue: str


@dataclass(frozen=True, slots=True)
class ScheduleSurvey:
    """How many schedules there are; of those `paused`, and `vanished` from the program that declared them.

    The first of them is due since `due_seconds`, or in so many if that is negative (None: none ever is). `unserved` has
    `MOST_UNSERVED` at most.
    """

    count: int = 0
    paused: int = 0
    vanished: int = 0
    due_seconds: float | None = None
    unserved: Sequence[UnservedSchedule] = ()


#: What there is where nothing recurs.
NO_SCHEDULES = ScheduleSurvey()


async def survey_schedules(connection: Connection, database: Database) -> ScheduleSurvey:
    """All of them in one pass."""
    cursor = await connection.execute(database.sql(_SURVEY), {"most": MOST_UNSERVED})
    [(count, paused, vanished, seconds, unserved)] = await cursor.fetchall()
    return ScheduleSurvey(count, paused, vanished, seconds, [UnservedSchedule(*each) for each in unserved])
