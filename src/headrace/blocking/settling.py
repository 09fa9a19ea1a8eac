"""Setting `task_context` on an event: the flush that follows settles the event's run, in the caller's transaction."""

from typing import Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.orm import Mapper

from headrace.blocking.event import Event
from headrace.engine.json_form import to_json
from headrace.errors import EventAlreadyFinished, EventHeldElsewhere
from headrace.settings import get_settings
from headrace.store.sql import qualify

_SETTLE = """
WITH gone AS (
    DELETE FROM headrace.runs WHERE event_id = :id AND owner IS NULL RETURNING *
), stored AS (
    INSERT INTO headrace.results (
        event_id, run_number, epoch, tenant, type, ordering_key, state, attempt, task_context, started_at,
        finished_at, release
    )
    SELECT event_id, run_number, epoch, tenant, type, ordering_key, 'succeeded', greatest(attempt, 1),
           CAST(:task_context AS json), since, now(), :release
    FROM gone
), tallied AS (
    INSERT INTO headrace.tallies (state, delta) SELECT 'succeeded', 1 FROM gone
), outputs AS (
    DELETE FROM headrace.checkpoints c USING gone WHERE c.event_id = gone.event_id
), pauses AS (
    DELETE FROM headrace.waits w USING gone WHERE w.event_id = gone.event_id
)
SELECT (SELECT count(*) FROM gone), EXISTS (SELECT FROM headrace.runs WHERE event_id = :id)
"""


def listen() -> None:
    """Attach to every session of the process; attaching twice changes nothing."""
    event.listen(Event, "after_insert", _settle)
    event.listen(Event, "after_update", _settle)


def _settle(mapper: Mapper[Any], connection: Connection, target: Event) -> None:  # noqa: ARG001  # SQLAlchemy's signature
    added = inspect(target).attrs.stored_context.history.added
    if not added or added[0] is None:
        return
    settings = get_settings()
    settled, held = connection.execute(
        text(qualify(_SETTLE, settings.database_schema)),
        {"id": target.id, "task_context": to_json(added[0]).decode(), "release": settings.release},
    ).one()
    if not settled and held:
        raise EventHeldElsewhere(f"A worker holds the event {target.id}, so its result is the worker's to store.")
    if not settled:
        raise EventAlreadyFinished(f"The event {target.id} has a result already.")
