"""`POST /events`: the hot path. Nothing here is validated or serialised by the framework."""

from fastapi import FastAPI, Request, Response

from headrace.api.body import IDEMPOTENCY_KEY, idempotency_key_of, read_body, refuse_options_but
from headrace.api.report import report_accepted
from headrace.api.responses import json_response
from headrace.api.services import rules_of, services_of
from headrace.bootstrap import ApiServices
from headrace.domain.idempotency import MOST_KEY_CHARACTERS, Idempotency, idempotency_of
from headrace.errors import InvalidInput
from headrace.flow.ingest import Accepted
from headrace.flow.ingest.check import check_event
from headrace.flow.ingest.media import JSON, media_type_of

#: Where events are posted, also with a slash behind it.
PATH = "/events"

_REQUEST = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY_CHARACTERS},
            "description": "Sent again with the same body, the event is stored once.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}}
        },
    },
}


def add_accept_paths(app: FastAPI) -> None:
    """Add both paths, without a redirect, and directly: the framework matches an included path twice."""
    app.post(PATH, status_code=202, tags=["accept"], openapi_extra=_REQUEST)(accept_event)
    app.post(f"{PATH}/", status_code=202, include_in_schema=False)(accept_event)


async def accept_event(request: Request) -> Response:
    """Accept one event: the body, a JSON object with a `type`. It is on disk when this answers.

    With an `Idempotency-Key` it can be sent again: what was accepted before is answered as it is now.
    """
    services = services_of(request)
    refuse_options_but(request, IDEMPOTENCY_KEY)
    key = idempotency_key_of(request)
    media_type_of(request.headers.get("content-type"), JSON)
    body = await read_body(request, services.settings.max_body_bytes)
    return _accepted_response(await _accept(body, None if key is None else idempotency_of(key, PATH, body), services))


async def _accept(body: bytes, idempotency: Idempotency | None, services: ApiServices) -> Accepted:
    try:
        event = check_event(body, services.ingest.new_id(), rules_of(services.settings), idempotency)
    except InvalidInput:
        # What was accepted once stays so, also where a newer schema would refuse it.
        if idempotency is None:
            raise
        before = await services.ingest.find([idempotency])
        if idempotency not in before:
            raise
        return before[idempotency]
    [accepted] = await services.ingest.accept([event])
    if not accepted.replayed:
        report_accepted(services.settings, [event])
    return accepted


def _accepted_response(accepted: Accepted) -> Response:
    content = {
        "id": accepted.id,
        "type": accepted.type,
        "state": accepted.state,
        "task_id": accepted.id,
        "message": f"process_incoming_event started `{accepted.id}`",
    }
    headers = {"Location": f"/events/{accepted.id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json_response(content, 202, headers)
