"""The queries of requests: which parameters there are, and what they may be."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from headrace.domain.event import TYPE_PATTERN
from headrace.domain.fields import Moment
from headrace.domain.states import EventState
from headrace.engine.fit import MAX_PROBLEMS
from headrace.errors import FieldProblem, InvalidParameter
from headrace.flow.read import EventFilter

#: How many events a page has unless asked otherwise, and how many it may have.
DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Parameters:
    """A dependency: the query may have these parameters alone, those in `once` no more than one time."""

    once: frozenset[str] = frozenset()
    many: frozenset[str] = frozenset()

    def __call__(self, request: Request) -> None:
        """Raises InvalidParameter: better refused than ignored."""
        names = [name for name, _ in request.query_params.multi_items()]
        problems = [
            FieldProblem(name, "unknown-parameter", "there is no such parameter")
            for name in dict.fromkeys(names)
            if name not in self.once | self.many
        ]
        problems += [
            FieldProblem(name, "repeated-parameter", "may be given only once")
            for name in sorted(self.once)
            if names.count(name) > 1
        ]
        if problems:
            raise InvalidParameter("The request does not have the form asked for.", problems[:MAX_PROBLEMS])


def check_times(since: datetime | None, until: datetime | None) -> None:
    """Raises InvalidParameter if no time is between the two."""
    if since is not None and until is not None and since >= until:
        problem = FieldProblem("since", "not-before-until", "must be before `until`")
        raise InvalidParameter("The request does not have the form asked for.", [problem])


#: The dependency of what takes no parameters.
NO_PARAMETERS = Depends(Parameters())


class EventQuery(BaseModel, extra="forbid"):
    """Which events to list."""

    state: list[EventState] = Field([], description="May be given several times.")
    type: str | None = Field(None, pattern=f"^{TYPE_PATTERN}$")
    since: Moment | None = Field(None, description="Accepted at this time or later.")
    until: Moment | None = Field(None, description="Accepted before this time.")
    cursor: UUID | None = Field(None, description="The `next_cursor` of the page before.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)

    def filter(self) -> EventFilter:
        """The same as a value of the reading stage. Raises InvalidParameter if no time is between the two."""
        check_times(self.since, self.until)
        return EventFilter(tuple(self.state), self.type, self.since, self.until, self.cursor, self.limit)


#: The dependency of `GET /events`.
EVENT_PARAMETERS = Depends(
    Parameters(once=frozenset(EventQuery.model_fields) - {"state"}, many=frozenset({"state"})),
)
