"""The sync names for users' own endpoints, tasks and scripts: sessions, the repository, the event."""

from headrace.blocking.event import Event
from headrace.blocking.repository import GenericRepository
from headrace.blocking.sending import send, send_async
from headrace.blocking.sessions import async_db_session, db_session

__all__ = ["Event", "GenericRepository", "async_db_session", "db_session", "send", "send_async"]
