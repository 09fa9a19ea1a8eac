"""`POST /events`: the hot path. Nothing here is routed, validated or serialised by the framework."""

from datetime import datetime

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.api.body import (
    DELIVER_AT,
    IDEMPOTENCY_KEY,
    deliver_at_of,
    idempotency_key_of,
    read_body,
    refuse_options_but,
)
from headrace.api.errors import ANSWERED, answer_of
from headrace.api.report import report_accepted
from headrace.api.responses import json_response
from headrace.api.services import rules_of, services_of
from headrace.bootstrap import ApiServices
from headrace.domain.idempotency import MOST_KEY_CHARACTERS, Idempotency, idempotency_of
from headrace.domain.states import EventState
from headrace.errors import InvalidInput
from headrace.flow.ingest import Accepted
from headrace.flow.ingest.check import check_event
from headrace.flow.ingest.media import JSON, media_type_of

#: Where events are posted, also with a slash behind it.
PATH = "/events"

_PATHS = frozenset({PATH, f"{PATH}/"})

_REQUEST = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY_CHARACTERS},
            "description": "Sent again with the same body, the event is stored once.",
        },
        {
            "in": "header",
            "name": "Headrace-Deliver-At",
            "schema": {"type": "string", "examples": ["90", "2030-01-31T18:00:00Z"]},
            "description": "When the event is to be processed: seconds from now, or a time with a zone.",
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}}
        },
    },
}


class AcceptPath:
    """ASGI middleware that answers `POST /events` itself: the framework's way to an endpoint costs more than it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in _PATHS:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await accept_event(request)
        except ANSWERED as error:
            response = await answer_of(request, error)
        await response(scope, receive, send)


def add_accept_paths(app: FastAPI) -> None:
    """Add both paths, without a redirect, to the description of the API, and to the paths that have no other method."""
    app.post(PATH, status_code=202, tags=["accept"], openapi_extra=_REQUEST)(accept_event)
    app.post(f"{PATH}/", status_code=202, include_in_schema=False)(accept_event)


async def accept_event(request: Request) -> Response:
    """Accept one event: the body, a JSON object with a `type`. It is on disk when this answers.

    With an `Idempotency-Key` it can be sent again: what was accepted before is answered as it is now. With
    `Headrace-Deliver-At` it waits until then.
    """
    services = services_of(request)
    with await services.room.enter() as place:
        refuse_options_but(request, IDEMPOTENCY_KEY, DELIVER_AT)
        key = idempotency_key_of(request)
        deliver_at = deliver_at_of(request, services.ingest.now)
        media_type_of(request.headers.get("content-type"), JSON)
        body = await read_body(request, services.settings.max_body_bytes)
        place.fill(len(body))
        idempotency = None if key is None else idempotency_of(key, PATH, body)
        return _accepted_response(await _accept(body, idempotency, deliver_at, services))


async def _accept(
    body: bytes, idempotency: Idempotency | None, deliver_at: datetime | None, services: ApiServices
) -> Accepted:
    try:
        event = check_event(body, services.ingest.new_id(), rules_of(services.settings), idempotency, deliver_at)
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
    begins = "will start" if accepted.state is EventState.WAITING else "started"
    content = {
        "id": accepted.id,
        "type": accepted.type,
        "state": accepted.state,
        "task_id": accepted.id,
        "message": f"process_incoming_event {begins} `{accepted.id}`",
    }
    headers = {"Location": f"/events/{accepted.id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json_response(content, 202, headers)
