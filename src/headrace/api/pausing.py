"""Holding work back, and letting it go: everything, a type, or a queue."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from headrace.api.body import refuse_options
from headrace.api.parameters import NO_PARAMETERS
from headrace.api.responses import json_response
from headrace.api.selecting import TargetBody, read
from headrace.api.services import services_of
from headrace.flow.ingest.media import JSON
from headrace.flow.operate import Operator

router = APIRouter(tags=["act"], dependencies=[Depends(refuse_options), NO_PARAMETERS])

_TARGET: dict[str, Any] = {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}


@router.post("/pause", openapi_extra=_TARGET)
async def pause(request: Request) -> Response:
    """Let nothing start of `{"all": true}`, `{"type": …}` or `{"queue": …}`.

    Answers all that is paused now, with a note if nothing knows what was named.
    """
    target = (await read(request, TargetBody)).target()
    operate = services_of(request).operate
    await operate.pause([target])
    return json_response({**await _paused(operate), "notes": await operate.notes_on([target])})


@router.post("/resume", openapi_extra=_TARGET)
async def resume(request: Request) -> Response:
    """End a pause, or with `{"all": true}` every pause; answers what is paused still."""
    body = await read(request, TargetBody)
    await services_of(request).operate.resume([body.target()])
    return json_response(await _paused(services_of(request).operate))


@router.get("/paused")
async def get_paused(request: Request) -> Response:
    """What is paused, since when, and by whom."""
    return json_response(await _paused(services_of(request).operate))


async def _paused(operate: Operator) -> dict[str, Any]:
    return {"paused": [each.members() for each in await operate.paused()]}
