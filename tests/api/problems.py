"""What every refusal of the API has in common."""

from typing import Any

from httpx2 import Response

#: The members of every problem.
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}


def problem_in(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem that `response` holds, after checking its form, its status and its code."""
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert problem["status"] == status
    assert not MEMBERS - problem.keys()
    assert problem["type"] == f"/problems#{code}"
    assert problem["instance"] == response.request.url.path
    assert problem["request_id"] == response.headers["x-request-id"]
    assert all(error.keys() == {"pointer", "code", "detail"} for error in problem["errors"])
    return problem
