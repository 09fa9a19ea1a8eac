"""`celery_app` answers for events' results from Postgres, and events call the tasks that are declared with it."""

from uuid import UUID

from headrace.broker import tasks
from headrace.broker.app import celery_app, process_incoming_event
from headrace.broker.results import FoundEvent
from headrace.settings import get_settings
from headrace.store.task_meta import find_state

__all__ = ["celery_app", "process_incoming_event", "tasks"]


def _find_event(event_id: UUID) -> FoundEvent | None:
    settings = get_settings()
    found = find_state(settings.database_source(), settings.database_schema, event_id)
    return None if found is None else FoundEvent(*found)


celery_app.find_event = _find_event
