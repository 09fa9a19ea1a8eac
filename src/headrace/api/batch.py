"""`POST /events/batch`: many events in one request, stored together, each answered by itself."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from headrace.api.body import read_body, refuse_options
from headrace.api.errors import problem_of
from headrace.api.problems import problem_response
from headrace.api.report import report_accepted
from headrace.api.responses import json_response
from headrace.api.services import rules_of, services_of
from headrace.bootstrap import ApiServices
from headrace.domain.event import NewEvent
from headrace.errors import InvalidBatch, InvalidInput
from headrace.flow.ingest.check import check_event
from headrace.flow.ingest.media import JSON, NDJSON, media_type_of
from headrace.flow.ingest.parse_batch import batch_items, event_of_item

router = APIRouter(tags=["accept"])

#: After so many items other requests get their turn.
_ITEMS_A_TURN = 20

_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"type": "array", "items": {"type": "object"}}}, NDJSON: {}},
    }
}


@router.post("/events/batch", status_code=202, openapi_extra=_REQUEST_BODY)
async def accept_batch(request: Request) -> Response:
    """Accept the good events of a JSON array or of newline-delimited JSON; say why not the others."""
    services = services_of(request)
    refuse_options(request)
    media_type = media_type_of(request.headers.get("content-type"), JSON, NDJSON)
    body = await read_body(request, services.settings.max_batch_bytes)
    checked = await _check(body, media_type, services)
    good = [item for item in checked if isinstance(item, NewEvent)]
    if good:
        await services.ingest.accept(good)
        report_accepted(services.settings, good)
    items = [_answer(index, item) for index, item in enumerate(checked)]
    if not good:
        return problem_response(request, problem_of(InvalidBatch("No item can be accepted.")), items=items)
    return json_response({"items": items}, 202)


async def _check(body: bytes, media_type: str, services: ApiServices) -> list[NewEvent | InvalidInput]:
    rules = rules_of(services.settings)
    checked: list[NewEvent | InvalidInput] = []
    for item in batch_items(body, media_type, services.settings.max_batch_items):
        try:
            event = event_of_item(item, rules.max_depth)
            checked.append(check_event(event, services.ingest.new_id(), rules))
        except InvalidInput as error:
            checked.append(error)
        if len(checked) % _ITEMS_A_TURN == 0:
            await asyncio.sleep(0)
    return checked


def _answer(index: int, item: NewEvent | InvalidInput) -> dict[str, Any]:
    if isinstance(item, NewEvent):
        return {"index": index, "status": 202, "id": item.id}
    problem = problem_of(item)
    return {"index": index, "status": problem.status, "problem": problem.members()}
