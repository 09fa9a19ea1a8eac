"""An event's state and result for callers that are not asynchronous."""

from collections.abc import Callable
from uuid import UUID

import orjson
import psycopg

from headrace.domain.contexts import with_event
from headrace.domain.payload import decode
from headrace.domain.states import EventState
from headrace.store.body import unpack
from headrace.store.database import connect_options
from headrace.store.sql import qualify

_STATE = """
SELECT coalesce(r.state, s.state), s.task_context::text, s.error::text, e.body
FROM headrace.events e
LEFT JOIN headrace.runs r ON r.event_id = %(id)s
LEFT JOIN headrace.results s ON s.event_id = %(id)s
WHERE e.id = %(id)s
"""

#: An event's state, its task context once it succeeded, and its error as `Type: message`.
Found = tuple[EventState, dict[str, object] | None, str | None]


def find_state(source: Callable[[], str], schema: str, event_id: UUID) -> Found | None:
    """Look one event up on a connection of its own; None if there is no such event. Raises psycopg.Error."""
    with psycopg.connect(source(), **connect_options("transaction")) as connection:
        row = connection.execute(qualify(_STATE, schema).encode(), {"id": event_id}).fetchone()
    if row is None:
        return None
    state, task_context, error, body = row
    report = orjson.loads(error) if error else None
    return (
        EventState(state),
        with_event(decode(task_context.encode()), unpack(body)) if task_context else None,
        f"{report['type']}: {report['message']}" if report else None,
    )
