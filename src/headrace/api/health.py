"""Whether this process lives, and whether it can accept."""

from fastapi import APIRouter, Request, Response

from headrace.api.errors import problem_of
from headrace.api.problems import problem_response
from headrace.api.responses import json_response
from headrace.api.services import services_of
from headrace.errors import Unavailable

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def get_live() -> Response:
    """The process answers. Asks nothing of any other service."""
    return json_response({"status": "alive"})


@router.get("/ready")
async def get_ready(request: Request) -> Response:
    """What was checked; 503 if a service is away without which nothing can be accepted."""
    checks = await services_of(request).read.health()
    missing = [check.name for check in checks if check.required and not check.ok]
    if not missing:
        return json_response({"status": "ready", "checks": checks})
    error = Unavailable(f"Not ready: {', '.join(missing)}.")
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return problem_response(request, problem_of(error), headers, checks=checks)
