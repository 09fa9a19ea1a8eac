"""`GET /problems`: what each code of an error means, where the `type` of every problem points."""

from fastapi import APIRouter, Response

from headrace.api.errors import ANSWERS, BARE_STATUSES
from headrace.api.problems import PROBLEMS_PATH
from headrace.api.responses import json_response

router = APIRouter(tags=["problems"])


@router.get(PROBLEMS_PATH)
async def list_problems() -> Response:
    """The codes, each with its status and title."""
    bare = {code: {"status": status, "title": title} for status, (code, title) in BARE_STATUSES.items()}
    named = {error.code: {"status": status, "title": title} for error, (status, title) in ANSWERS.items()}
    return json_response(bare | named)
