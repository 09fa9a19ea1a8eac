"""The ORM's view of an event, for users' own code. Hot paths do not come here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, ColumnElement, DateTime, LargeBinary, MetaData, Table, Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from headrace.domain.contexts import with_event
from headrace.domain.event import DEFAULT_QUEUE, DEFAULT_TENANT, DEFAULT_TYPE
from headrace.domain.ids import new_id
from headrace.domain.payload import decode
from headrace.engine.json_form import to_json
from headrace.engine.schema import match_key_of
from headrace.store.body import pack, unpack
from headrace.store.sql import WRITTEN_SCHEMA


class Base(AsyncAttrs, DeclarativeBase):
    """Headrace's own tables, in a schema of their own: an application's metadata never meets them."""

    metadata = MetaData(schema=WRITTEN_SCHEMA)


_results = Table("results", Base.metadata, Column("event_id", Uuid, primary_key=True), Column("task_context", JSON))


class Event(Base):
    """What was accepted. `data` is the decoded object, `body` its exact bytes.

    `Event(data=...)` takes its type from `data["type"]`, else "event"; it raises ValueError for data that has no JSON
    form. With `deliver_at`, a time with a zone, it waits until then. With `task="my_task"` the event is left to a
    Celery task of the user's own: no worker of Headrace claims it, and it is settled by setting `task_context` and
    committing.
    """

    __tablename__ = "events"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    tenant: Mapped[str] = mapped_column(Text, default=DEFAULT_TENANT)
    type: Mapped[str] = mapped_column(Text)
    #: The queue in which its runs are placed.
    queue: Mapped[str] = mapped_column(Text)
    #: The user's own Celery task that settles this event.
    task: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    match_key: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[UUID | None] = mapped_column(Uuid)
    trace: Mapped[str | None] = mapped_column(Text)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    #: No worker takes it before.
    deliver_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    packed_body: Mapped[bytes] = mapped_column("body", LargeBinary)

    #: `task_context` as it is stored: what the body says already is not said again.
    stored_context: Mapped[dict[str, Any] | None] = column_property(
        select(_results.c.task_context).where(_results.c.event_id == id).scalar_subquery()  # noqa: A003  # the column
    )

    def __init__(
        self,
        *,
        data: dict[str, Any],
        task: str | None = None,
        queue: str = DEFAULT_QUEUE,
        deliver_at: datetime | None = None,
        **fields: Any,
    ) -> None:
        if deliver_at is not None and (deliver_at.tzinfo is None or task is not None):
            raise ValueError("deliver_at is a time with a zone, of an event that no task of the user's own processes")
        fields.setdefault("id", new_id())
        fields.setdefault("type", str(data.get("type", DEFAULT_TYPE)))
        body = to_json(data)
        fields.setdefault("match_key", match_key_of(fields["type"], data))
        super().__init__(packed_body=pack(body), task=task, queue=queue, deliver_at=deliver_at, **fields)

    @hybrid_property
    def task_context(self) -> dict[str, Any] | None:
        """The result of a finished event, as it was when the event was loaded, else None.

        The flush after it was set settles the event's run. In SQL it is what is stored: `nodes` and `metadata`.
        """
        found: dict[str, Any] | None = with_event(self.stored_context, self.body)
        return found

    @task_context.inplace.setter
    def _set_task_context(self, context: dict[str, Any] | None) -> None:
        self.stored_context = context

    @task_context.inplace.expression
    @classmethod
    def _task_context_in_sql(cls) -> ColumnElement[dict[str, Any] | None]:
        return cls.stored_context.expression

    @property
    def body(self) -> bytes:
        """The exact bytes that were accepted."""
        return unpack(self.packed_body)

    @property
    def data(self) -> dict[str, Any]:
        """The event's JSON object, decoded anew at each call."""
        return dict(decode(self.body))
