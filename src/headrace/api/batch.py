"""`POST /events/batch`: many events in one request, stored together, each answered by itself."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from headrace.api.body import read_body, refuse_options
from headrace.api.errors import problem_of
from headrace.api.problems import problem_response
from headrace.api.report import report_accepted
from headrace.api.responses import json_response
from headrace.api.services import rules_of, services_of
from headrace.bootstrap import ApiServices
from headrace.domain.delivery import parse_deliver_at
from headrace.domain.event import NewEvent
from headrace.domain.idempotency import Idempotency, idempotency_of
from headrace.domain.states import EventState
from headrace.errors import HeadraceError, InvalidBatch, InvalidInput, Unavailable
from headrace.flow.ingest import Accepted, Ingest
from headrace.flow.ingest.check import Rules, check_event
from headrace.flow.ingest.media import JSON, NDJSON, media_type_of
from headrace.flow.ingest.parse_batch import DELIVER_AT_FIELD, BatchItem, batch_items, read_item
from headrace.flow.ingest.storing import is_new

router = APIRouter(tags=["accept"])

#: Where batches are posted.
PATH = "/events/batch"

#: After so many items other requests get their turn.
_ITEMS_A_TURN = 20

_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"type": "array", "items": {"type": "object"}}}, NDJSON: {}},
    }
}


@dataclass(frozen=True, slots=True)
class _Refused:
    """An item that cannot be accepted, and the key that it came with."""

    error: InvalidInput
    idempotency: Idempotency | None = None


@router.post(PATH, status_code=202, openapi_extra=_REQUEST_BODY)
async def accept_batch(request: Request) -> Response:
    """Accept the good events of a JSON array or of newline-delimited JSON; say why not the others.

    With an `idempotency_key` in its `options` an item can be sent again, as a single event can with the header; with a
    `deliver_at` it waits until then.
    """
    services = services_of(request)
    with await services.room.enter() as place:
        refuse_options(request)
        media_type = media_type_of(request.headers.get("content-type"), JSON, NDJSON)
        body = await read_body(request, services.settings.max_batch_bytes)
        place.fill(len(body))
        checked = await _check(body, media_type, services)
        place.fill(len(body), len(checked))
        answers = await _accept(await _find_replayed(checked, services.ingest), services)
    items = [_item(index, answer) for index, answer in enumerate(answers)]
    if any(isinstance(answer, Accepted) for answer in answers):
        return json_response({"items": items}, 202)
    return _refusal(request, answers, items)


async def _check(body: bytes, media_type: str, services: ApiServices) -> list[NewEvent | _Refused]:
    rules, now = rules_of(services.settings), services.ingest.now()
    checked: list[NewEvent | _Refused] = []
    for item in batch_items(body, media_type, services.settings.max_batch_items):
        try:
            checked.append(_checked(read_item(item, rules.max_depth), services.ingest.new_id(), rules, now))
        except InvalidInput as error:
            checked.append(_Refused(error))
        if len(checked) % _ITEMS_A_TURN == 0:
            await asyncio.sleep(0)
    return checked


def _checked(item: BatchItem, event_id: UUID, rules: Rules, now: datetime) -> NewEvent | _Refused:
    key = item.idempotency_key
    idempotency = None if key is None else idempotency_of(key, PATH, item.event)
    try:
        given = item.deliver_at
        deliver_at = None if given is None else parse_deliver_at(given, now, DELIVER_AT_FIELD)
        return check_event(item.event, event_id, rules, idempotency, deliver_at)
    except InvalidInput as error:
        return _Refused(error, idempotency)


async def _find_replayed(
    checked: Sequence[NewEvent | _Refused], ingest: Ingest
) -> list[NewEvent | InvalidInput | Accepted]:
    """What was accepted once stays so, also where a newer schema would refuse it."""
    sent = {each.idempotency for each in checked if isinstance(each, _Refused) and each.idempotency is not None}
    before = await ingest.find(sent) if sent else {}
    return [each if isinstance(each, NewEvent) else _as_before(each, before) for each in checked]


def _as_before(refused: _Refused, before: Mapping[Idempotency, Accepted]) -> Accepted | InvalidInput:
    return refused.error if refused.idempotency is None else before.get(refused.idempotency, refused.error)


async def _accept(
    checked: Sequence[NewEvent | InvalidInput | Accepted], services: ApiServices
) -> list[Accepted | HeadraceError]:
    """What became of each item. Events without a key are stored all or none, and raise what they are refused for."""
    events = [item for item in checked if isinstance(item, NewEvent)]
    plain = [event for event in events if event.idempotency is None]
    keyed = [event for event in events if event.idempotency is not None]
    answers: dict[UUID, Accepted | HeadraceError] = {}
    if plain:
        answers.update(zip((event.id for event in plain), await services.ingest.accept(plain), strict=True))
    alone = await asyncio.gather(*(_accept_alone(event, services.ingest) for event in keyed))
    answers.update(zip((event.id for event in keyed), alone, strict=True))
    report_accepted(services.settings, [event for event in events if is_new(answers[event.id])])
    return [answers[item.id] if isinstance(item, NewEvent) else item for item in checked]


async def _accept_alone(event: NewEvent, ingest: Ingest) -> Accepted | HeadraceError:
    try:
        [accepted] = await ingest.accept([event])
    except HeadraceError as error:
        return error
    return accepted


def _refusal(
    request: Request, answers: Sequence[Accepted | HeadraceError], items: Sequence[Mapping[str, Any]]
) -> Response:
    for answer in answers:
        if isinstance(answer, Unavailable):
            raise answer
    return problem_response(request, problem_of(InvalidBatch("No item can be accepted.")), items=items)


def _item(index: int, answer: Accepted | HeadraceError) -> dict[str, Any]:
    if isinstance(answer, HeadraceError):
        problem = problem_of(answer)
        return {"index": index, "status": problem.status, "problem": problem.members()}
    item = {"index": index, "status": 202, "id": answer.id}
    if answer.replayed:
        return {**item, "state": answer.state, "replayed": True}
    return item if answer.state == EventState.QUEUED else {**item, "state": answer.state}
