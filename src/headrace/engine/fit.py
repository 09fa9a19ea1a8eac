"""Whether an event fits the schema of its type, told by place and kind of each fault and never by a value."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from headrace.errors import FieldProblem, SchemaMismatch

#: Of more faults than this the rest is not listed.
MAX_PROBLEMS = 100

#: Faults of which pydantic's message, or the user's, may quote the value.
_QUOTING = frozenset(
    {
        "value_error",
        "assertion_error",
        "union_tag_invalid",
        "uuid_parsing",
        "timezone_offset",
        "mapping_type",
        "iteration_error",
        "get_attribute_error",
    }
)

#: Faults of our own: there is no Celery task of that name, or it takes other arguments.
UNKNOWN_TASK, TASK_ARGUMENTS = "unknown-task", "task-arguments"

_TELLING = frozenset(get_args(ErrorType)) - _QUOTING | {UNKNOWN_TASK, TASK_ARGUMENTS}

Schema = TypeVar("Schema", bound=BaseModel)


def check_fit(event: Mapping[str, Any], schema: type[Schema]) -> Schema:
    """The event as its class sees it. Raises SchemaMismatch with a JSON pointer for each fault."""
    try:
        return schema.model_validate(event)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise SchemaMismatch(
            "The event does not fit the schema of its type.",
            [FieldProblem(_pointer(fault, event), fault["type"], detail_of(fault)) for fault in faults[:MAX_PROBLEMS]],
        ) from None
    except Exception as stumble:  # the user's own validators
        problem = FieldProblem("", "validator-raised", f"a validator raised {type(stumble).__name__}")
        raise SchemaMismatch("The event does not fit the schema of its type.", [problem]) from stumble


def detail_of(fault: ErrorDetails) -> str:
    """A sentence for a fault that pydantic found, without the value at fault."""
    return fault["msg"] if fault["type"] in _TELLING else "the value is refused"


def json_pointer(steps: Iterable[int | str]) -> str:
    """The steps as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _pointer(fault: ErrorDetails, event: Mapping[str, Any]) -> str:
    """Where the fault is. What pydantic adds of its own, such as the tried branch of a union, is left out."""
    place: Any = event
    steps: list[int | str] = []
    for step in fault["loc"]:
        if _holds(place, step):
            place = place[step]
            steps.append(step)
    if fault["type"] == "missing":
        steps.append(fault["loc"][-1])
    return json_pointer(steps)


def _holds(place: Any, step: int | str) -> bool:
    match place:
        case dict():
            return step in place
        case list():
            return isinstance(step, int) and 0 <= step < len(place)
        case _:
            return False
