"""Holding work back, and letting it go: everything, a type, or a queue."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from headrace.api.body import refuse_options
from headrace.api.responses import json_response
from headrace.api.selecting import TargetBody, read
from headrace.api.services import services_of
from headrace.flow.ingest.media import JSON

router = APIRouter(tags=["act"], dependencies=[Depends(refuse_options)])

_TARGET: dict[str, Any] = {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}


@router.post("/pause", openapi_extra=_TARGET)
async def pause(request: Request) -> Response:
    """Let nothing start of `{"all": true}`, `{"type": …}` or `{"queue": …}`; answers all that is paused now."""
    body = await read(request, TargetBody)
    await services_of(request).operate.pause([body.target()])
    return await _paused_response(request)


@router.post("/resume", openapi_extra=_TARGET)
async def resume(request: Request) -> Response:
    """End a pause, or with `{"all": true}` every pause; answers what is paused still."""
    body = await read(request, TargetBody)
    await services_of(request).operate.resume([body.target()])
    return await _paused_response(request)


@router.get("/paused")
async def get_paused(request: Request) -> Response:
    """What is paused, since when, and by whom."""
    return await _paused_response(request)


async def _paused_response(request: Request) -> Response:
    paused = await services_of(request).operate.paused()
    members = [
        {"scope": each.target.scope, "name": each.target.name, "since": each.since, "actor": each.actor}
        for each in paused
    ]
    return json_response({"paused": members})
