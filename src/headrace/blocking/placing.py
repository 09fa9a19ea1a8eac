"""An event that is added to any session gets its run in the same transaction, and its hint after the commit."""

from typing import Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.orm import Mapper, Session, SessionTransaction, object_session

from headrace.blocking.event import Event
from headrace.broker.app import celery_app
from headrace.domain.clock import utc_now
from headrace.domain.states import Reason
from headrace.settings import get_settings
from headrace.store.sql import qualify

_PLACE = """
WITH placed AS (
    INSERT INTO headrace.runs (event_id, tenant, type, queue, task, state, reason, rank, release)
    VALUES (:id, :tenant, :type, :queue, :task,
            CASE WHEN CAST(:task AS text) IS NOT NULL OR CAST(:deliver_at AS timestamptz) > now() THEN 'waiting'
                 ELSE 'queued' END,
            CASE WHEN CAST(:task AS text) IS NOT NULL THEN :own_task
                 WHEN CAST(:deliver_at AS timestamptz) > now() THEN :delay END,
            CASE WHEN CAST(:task AS text) IS NULL THEN greatest(now(), CAST(:deliver_at AS timestamptz))
                 ELSE 'infinity' END,
            :release)
)
INSERT INTO headrace.tallies (state, delta) VALUES ('accepted', 1)
"""

#: Where a session keeps the new events of its transaction, of which workers hear after the commit.
PLACED = "headrace.placed"


def listen() -> None:
    """Attach to every session of the process; attaching twice changes nothing."""
    event.listen(Event, "after_insert", _place)
    event.listen(Session, "after_commit", _tell)
    event.listen(Session, "after_transaction_end", _forget)


def _place(mapper: Mapper[Any], connection: Connection, target: Event) -> None:  # noqa: ARG001  # SQLAlchemy's signature
    settings = get_settings()
    connection.execute(
        text(qualify(_PLACE, settings.database_schema)),
        {
            "id": target.id,
            "tenant": target.tenant,
            "type": target.type,
            "queue": target.queue,
            "task": target.task,
            "deliver_at": target.deliver_at,
            "own_task": Reason.OWN_TASK.value,
            "delay": Reason.DELAY.value,
            "release": settings.release,
        },
    )
    session = object_session(target)
    is_due = target.deliver_at is None or target.deliver_at <= utc_now()
    if session is not None and target.task is None and is_due:
        session.info.setdefault(PLACED, []).append(target)


def _tell(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for placed in session.info.get(PLACED, ()):
        identity = inspect(placed).identity
        if identity is not None:  # it has none if its savepoint was rolled back
            celery_app.hints.offer(placed.queue, identity)


def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(PLACED, None)
