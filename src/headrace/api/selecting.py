"""The bodies of requests that act on events: read within limits, checked, and turned into values of the stage."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from headrace.api.body import read_body
from headrace.domain.event import TYPE_PATTERN
from headrace.domain.fields import Moment
from headrace.domain.selection import MOST_NAME_CHARACTERS, Selection
from headrace.domain.states import EventState, Reason
from headrace.domain.timing import TELLING_FAULTS
from headrace.engine.fit import MAX_PROBLEMS, detail_of, json_pointer
from headrace.errors import FieldProblem, InvalidInput, InvalidSelection
from headrace.flow.ingest.media import JSON, media_type_of
from headrace.flow.ingest.parse import parse_value
from headrace.flow.operate import FAILED, MOST
from headrace.settings.kinds import QUEUE_PATTERN
from headrace.store.pausing import Scope, Target

#: A body may have so many bytes, and nest so deep.
MAX_BODY_BYTES, MAX_DEPTH = 262_144, 3

#: Ids, and values of any other member, in one selection at most.
MAX_IDS, MAX_VALUES = 1000, 100


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS)]
_Type = Annotated[str, Field(pattern=f"^{TYPE_PATTERN}$")]
Queue = Annotated[str, Field(pattern=f"^{QUEUE_PATTERN}$")]
_OneOrMany = BeforeValidator(_as_list)


class _Body(BaseModel, extra="forbid"):
    """An object whose members are all known."""


class NothingBody(_Body):
    """What needs nothing beside its path."""


class ReplayOneBody(_Body):
    """Where a replay begins: `start`, `failed`, or the name of a node."""

    begin: _Name = Field(FAILED, alias="from")


class RescheduleBody(_Body):
    """When an event is to be delivered: a time with a zone, or seconds from now."""

    deliver_at: StrictStr | StrictInt | StrictFloat


class ActBody(_Body):
    """Which events are meant: all that is given must hold, and of several values one."""

    ids: list[UUID] = Field([], max_length=MAX_IDS)
    type: Annotated[list[_Type], _OneOrMany] = Field([], max_length=MAX_VALUES)
    state: Annotated[list[EventState], _OneOrMany] = Field([], max_length=MAX_VALUES)
    reason: Annotated[list[Reason], _OneOrMany] = Field([], max_length=MAX_VALUES)
    code: Annotated[list[_Name], _OneOrMany] = Field([], max_length=MAX_VALUES)
    node: Annotated[list[_Name], _OneOrMany] = Field([], max_length=MAX_VALUES)
    release: Annotated[list[_Name], _OneOrMany] = Field([], max_length=MAX_VALUES)
    since: Moment | None = None
    until: Moment | None = None
    all: StrictBool = False
    query: str | None = None
    dry_run: StrictBool = False
    cursor: UUID = UUID(int=0)
    limit: StrictInt = Field(MOST, ge=1, le=MOST)

    def selection(self) -> Selection:
        """The same as a value of the stage."""
        return Selection(
            ids=self.ids,
            types=self.type,
            states=self.state,
            reasons=self.reason,
            codes=self.code,
            nodes=self.node,
            releases=self.release,
            since=self.since,
            until=self.until,
            everything=self.all,
            query=self.query,
        )


class ReplayBody(ActBody, ReplayOneBody):
    """Which events are replayed, and from where."""


class TargetBody(_Body):
    """What is paused or resumed: everything, a type, or a queue."""

    all: StrictBool = False
    type: _Type | None = None
    queue: Queue | None = None

    def target(self) -> Target:
        """The same as a value of the store. Raises InvalidSelection unless exactly one is named."""
        if [self.all, self.type is not None, self.queue is not None].count(True) != 1:
            raise InvalidSelection('Give one of "all": true, "type" and "queue".')
        if self.type is not None:
            return Target(Scope.TYPE, self.type)
        return Target(Scope.ALL) if self.queue is None else Target(Scope.QUEUE, self.queue)


_B = TypeVar("_B", bound=BaseModel)


async def read(request: Request, kind: type[_B], *, optional: bool = False, max_depth: int = MAX_DEPTH) -> _B:
    """The request's body. An `optional` one may be empty. Raises the InvalidInput that says what is wrong."""
    body = await read_body(request, MAX_BODY_BYTES)
    return kind() if optional and not body else validated(kind, _object(request, body, max_depth))


async def read_object(request: Request, max_depth: int) -> dict[str, Any]:
    """The request's body, a JSON object. Raises the InvalidInput that says what is wrong."""
    return _object(request, await read_body(request, MAX_BODY_BYTES), max_depth)


def _object(request: Request, body: bytes, max_depth: int) -> dict[str, Any]:
    media_type_of(request.headers.get("content-type"), JSON)
    value = parse_value(body, max_depth=max_depth)
    if not isinstance(value, dict):
        raise InvalidInput(
            "The body has to be a JSON object.", [FieldProblem("", "not-an-object", "must be an object")]
        )
    return value


def validated(kind: type[_B], value: Mapping[str, Any]) -> _B:
    """A body of its kind. Raises the InvalidInput that says what is wrong, member by member."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        faults = error.errors()[:MAX_PROBLEMS]
        problems = [FieldProblem(json_pointer(fault["loc"]), fault["type"], _told(fault)) for fault in faults]
        raise InvalidInput("The request does not have the form asked for.", problems) from None


def _told(fault: ErrorDetails) -> str:
    return fault["msg"] if fault["type"] in TELLING_FAULTS else detail_of(fault)
