"""The query of `GET /events`."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from headrace.domain.event import TYPE_PATTERN
from headrace.domain.states import EventState
from headrace.flow.read import EventFilter

#: How many events a page has unless asked otherwise, and how many it may have.
DEFAULT_LIMIT = 50
MAX_LIMIT = 500

#: The times that a filter may name; beyond them nothing can have been accepted.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)

#: A time with a zone that an event can have been accepted at.
Moment = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST)]


class EventQuery(BaseModel, extra="forbid"):
    """Which events to list. A parameter that is not here is an error, not ignored."""

    state: list[EventState] = Field([], description="May be given several times.")
    type: str | None = Field(None, pattern=f"^{TYPE_PATTERN}$")
    since: Moment | None = Field(None, description="Accepted at this time or later.")
    until: Moment | None = Field(None, description="Accepted before this time.")
    cursor: UUID | None = Field(None, description="The `next_cursor` of the page before.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)

    def filter(self) -> EventFilter:
        """The same as a value of the reading stage."""
        return EventFilter(tuple(self.state), self.type, self.since, self.until, self.cursor, self.limit)
