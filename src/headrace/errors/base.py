"""The root of all errors, and what is the same wherever it happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class HeadraceError(Exception):
    """The root: everything that Headrace raises on purpose."""

    code: ClassVar[str] = "headrace-error"

    @property
    def detail(self) -> str:
        """What happened, in one sentence that never quotes a payload or a secret."""
        return str(self)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault of one field: `pointer` is a JSON pointer (RFC 6901) into the body, or a header or parameter name."""

    pointer: str
    code: str
    detail: str


class InvalidInput(HeadraceError):
    """Something that came from outside cannot be accepted; `problems` names the fields where that is known."""

    code = "invalid-input"

    def __init__(self, detail: str, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class ConfigurationError(HeadraceError):
    """The settings or the user's module cannot be used; `problems` lists every fault with its remedy."""

    code = "configuration"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Unavailable(HeadraceError):
    """The database cannot be written now; nothing was promised. Try again after `retry_after_seconds`."""

    code = "unavailable"

    def __init__(self, detail: str, retry_after_seconds: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class NotFound(HeadraceError):
    code = "not-found"


class Conflict(HeadraceError):
    """Somebody else's open transaction holds what this request needs; nothing was stored."""

    code = "conflict"
