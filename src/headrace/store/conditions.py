"""What a search of the copy asks of an entry, where the copy lies in Postgres."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID


@dataclass(frozen=True, slots=True)
class HasWords:
    """Its words fit a `tsquery`."""

    query: str


@dataclass(frozen=True, slots=True)
class HasTerm:
    """It has a term with one of these hashes."""

    hashes: Sequence[int]


@dataclass(frozen=True, slots=True)
class IsInIndex:
    """It is to be found in this further index."""

    name: str


@dataclass(frozen=True, slots=True)
class AcceptedBetween:
    """Its id is `first` or above, and below `end`."""

    first: UUID | None
    end: UUID | None


@dataclass(frozen=True, slots=True)
class FinishedBetween:
    """It was finished at `first` or later, and before `end`."""

    first: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Impossible:
    """This holds of nothing."""


@dataclass(frozen=True, slots=True)
class Unless:
    """The condition does not hold."""

    condition: "Condition"


Condition = HasWords | HasTerm | IsInIndex | AcceptedBetween | FinishedBetween | Impossible | Unless


def written_out(conditions: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
    """SQL that follows a condition on the row `d` of an entry, and its arguments."""
    arguments: dict[str, Any] = {}
    texts = [_sql(condition, arguments) for condition in conditions]
    return "".join(f"\n  AND {text}" for text in texts), arguments


def _sql(condition: Condition, arguments: dict[str, Any]) -> str:
    match condition:
        case HasWords():
            return f"d.words @@ {_argument(arguments, condition.query)}::tsquery"
        case HasTerm():
            return f"d.terms && {_argument(arguments, list(condition.hashes))}::bigint[]"
        case IsInIndex():
            return f"d.indices @> ARRAY[{_argument(arguments, condition.name)}::text]"
        case AcceptedBetween():
            return _between("event_id", "uuid", condition.first, condition.end, arguments)
        case FinishedBetween():
            return _between("finished_at", "timestamptz", condition.first, condition.end, arguments)
        case Impossible():
            return "false"
        case Unless():
            return f"NOT ({_sql(condition.condition, arguments)})"
        case _:
            assert_never(condition)


def _between(column: str, kind: str, first: object, end: object, arguments: dict[str, Any]) -> str:
    return " AND ".join(_bounds(column, kind, first, end, arguments)) or "true"


def _bounds(column: str, kind: str, first: object, end: object, arguments: dict[str, Any]) -> Iterator[str]:
    if first is not None:
        yield f"d.{column} >= {_argument(arguments, first)}::{kind}"
    if end is not None:
        yield f"d.{column} < {_argument(arguments, end)}::{kind}"


def _argument(arguments: dict[str, Any], value: object) -> str:
    """The place of one more argument."""
    name = f"condition_{len(arguments)}"
    arguments[name] = value
    return f"%({name})s"
