"""Searching the finished events."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from headrace.api.body import refuse_options
from headrace.api.parameters import Parameters, check_times
from headrace.api.responses import json_response
from headrace.api.services import search_of
from headrace.domain import query
from headrace.domain.event import DEFAULT_TENANT, TYPE_PATTERN
from headrace.domain.fields import Moment
from headrace.domain.marks import INDEX_PATTERN
from headrace.domain.query_language import parse_query
from headrace.domain.selection import MOST_NAME_CHARACTERS
from headrace.domain.words import fold
from headrace.search.port import Search

router = APIRouter(tags=["read"], dependencies=[Depends(refuse_options)])

#: How many hits a page has unless asked otherwise, and how many it may have.
DEFAULT_LIMIT, MAX_LIMIT = 20, 100


class SearchQuery(BaseModel, extra="forbid"):
    """What to search for: all that is given must hold, and of several values one."""

    q: str = Field("", description='Words, "phrases", `field:value`, `created:>=2026-01-31`, `-not`; see the docs.')
    state: list[Literal["succeeded", "failed", "cancelled"]] = Field([], description="May be given several times.")
    type: list[Annotated[str, Field(pattern=f"^{TYPE_PATTERN}$")]] = Field(
        [], description="May be given several times."
    )
    key: str | None = Field(None, min_length=1, max_length=MOST_NAME_CHARACTERS, description="The ordering key.")
    since: Moment | None = Field(None, description="Accepted at this time or later.")
    until: Moment | None = Field(None, description="Accepted before this time.")
    index: str | None = Field(None, pattern=f"^{INDEX_PATTERN}$", description="A further index that a pipeline names.")
    facets: bool = Field(False, description="Count the hits by type, state and day.")
    cursor: UUID | None = Field(None, description="The `next_cursor` of the page before.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)

    def search(self) -> Search:
        """The same as a value of the search. Raises InvalidQuery, InvalidParameter."""
        check_times(self.since, self.until)
        clauses = (*parse_query(self.q).clauses, *self._filters())
        return Search(DEFAULT_TENANT, query.Query(clauses), self.limit, self.cursor, self.index, self.facets)

    def _filters(self) -> Iterator[query.Clause]:
        given: dict[str, Sequence[str]] = {
            "state": self.state,
            "type": self.type,
            "key": [self.key] if self.key else [],
        }
        for name, values in given.items():
            if values:
                yield query.Term(tuple(fold(f"{name}:{each}") for each in values))
        if self.since is not None or self.until is not None:
            yield query.Between("created", self.since, self.until)


_MANY = frozenset({"state", "type"})

_PARAMETERS = Depends(Parameters(once=frozenset(SearchQuery.model_fields) - _MANY, many=_MANY))


@router.get("/search", dependencies=[_PARAMETERS])
async def search_events(request: Request, wanted: Annotated[SearchQuery, Query()]) -> Response:
    """Finished events that fit, the newest first, a page at a time. `copy` says what was searched, and its lag."""
    return json_response(await search_of(request).search(wanted.search()))
