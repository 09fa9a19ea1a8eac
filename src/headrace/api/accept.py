"""`POST /events`: the hot path. Nothing here is validated or serialised by the framework."""

from fastapi import FastAPI, Request, Response

from headrace.api.body import read_body, refuse_options
from headrace.api.report import report_accepted
from headrace.api.responses import json_response
from headrace.api.services import rules_of, services_of
from headrace.flow.ingest import Accepted
from headrace.flow.ingest.check import check_event
from headrace.flow.ingest.media import JSON, media_type_of

_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}}
        },
    }
}


def add_accept_paths(app: FastAPI) -> None:
    """Add both paths, without a redirect, and directly: the framework matches an included path twice."""
    app.post("/events", status_code=202, tags=["accept"], openapi_extra=_REQUEST_BODY)(accept_event)
    app.post("/events/", status_code=202, include_in_schema=False)(accept_event)


async def accept_event(request: Request) -> Response:
    """Accept one event: the body, a JSON object with a `type`. It is on disk when this answers."""
    services = services_of(request)
    refuse_options(request)
    media_type_of(request.headers.get("content-type"), JSON)
    body = await read_body(request, services.settings.max_body_bytes)
    event = check_event(body, services.ingest.new_id(), rules_of(services.settings))
    [accepted] = await services.ingest.accept([event])
    report_accepted(services.settings, [event])
    return _accepted_response(accepted)


def _accepted_response(accepted: Accepted) -> Response:
    content = {
        "id": accepted.id,
        "type": accepted.type,
        "state": accepted.state,
        "task_id": accepted.id,
        "message": f"process_incoming_event started `{accepted.id}`",
    }
    return json_response(content, 202, {"Location": f"/events/{accepted.id}"})
