"""Errors as problem details (RFC 9457), with a stable `code`, and `errors` for single fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from headrace.api.responses import json_response
from headrace.errors import FieldProblem

MEDIA_TYPE = "application/problem+json"

#: Where a code is explained; a code is the fragment.
PROBLEMS_PATH = "/problems"


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a request, or with one item of a batch. Of the payload it holds keys at most."""

    code: str
    status: int
    title: str
    detail: str
    errors: Sequence[FieldProblem] = ()

    def members(self) -> dict[str, Any]:
        """The problem as JSON members."""
        return {
            "type": f"{PROBLEMS_PATH}#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": self.errors,
        }


def problem_response(
    request: Request,
    problem: Problem,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """The problem as an answer to `request`; `extensions` are further members."""
    members = problem.members() | extensions
    members["instance"] = request.scope["path"]
    members["request_id"] = request.state.request_id
    return json_response(members, problem.status, headers, MEDIA_TYPE)
