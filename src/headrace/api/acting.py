"""Acts on events: cancel, replay, retry now, of one or of many by what they are; reschedule and erase, of one."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from headrace.api.body import refuse_options
from headrace.api.errors import problem_of
from headrace.api.parameters import NO_PARAMETERS
from headrace.api.responses import json_response
from headrace.api.selecting import ActBody, NothingBody, ReplayBody, ReplayOneBody, RescheduleBody, read
from headrace.api.services import copy_of, services_of
from headrace.domain.delivery import parse_deliver_at
from headrace.domain.selection import Selection
from headrace.domain.states import EventState
from headrace.flow.ingest.media import JSON
from headrace.flow.operate import Acted, act_on_hits

router = APIRouter(tags=["act"], dependencies=[Depends(refuse_options), NO_PARAMETERS])

_OBJECT: dict[str, Any] = {"content": {JSON: {"schema": {"type": "object"}}}}
_SELECTION: dict[str, Any] = {"requestBody": {"required": True, **_OBJECT}}
_OPTIONS: dict[str, Any] = {"requestBody": _OBJECT}


@router.post("/events/{event_id:uuid}/cancel")
async def cancel_event(request: Request, event_id: UUID) -> Response:
    """End an unfinished event: 200 if it is over, 202 if a worker holds it and ends it within a second or two."""
    await read(request, NothingBody, optional=True)
    acted = await services_of(request).operate.cancel(Selection(ids=[event_id]))
    _raise_refusal(acted)
    state = EventState.RUNNING if acted.asked else EventState.CANCELLED
    return _event_response(event_id, state, 202 if acted.asked else 200)


@router.post("/events/{event_id:uuid}/replay", status_code=202, openapi_extra=_OPTIONS)
async def replay_event(request: Request, event_id: UUID) -> Response:
    """Run a finished event again, `{"from": "start" | "failed" | NODE}`; without a body from where it failed."""
    body = await read(request, ReplayOneBody, optional=True)
    _raise_refusal(await services_of(request).operate.replay(Selection(ids=[event_id]), body.begin))
    return _event_response(event_id, EventState.QUEUED, 202)


@router.post("/events/{event_id:uuid}/retry-now", status_code=202)
async def retry_event(request: Request, event_id: UUID) -> Response:
    """Run an event at once that waits for its delivery, a retry, a pipeline or a schema."""
    await read(request, NothingBody, optional=True)
    _raise_refusal(await services_of(request).operate.retry_now(Selection(ids=[event_id])))
    return _event_response(event_id, EventState.QUEUED, 202)


@router.post("/events/{event_id:uuid}/reschedule", openapi_extra=_OPTIONS)
async def reschedule_event(request: Request, event_id: UUID) -> Response:
    """Give an event that waits for its delivery another time of it, `{"deliver_at": …}`: at once if it has passed."""
    services = services_of(request)
    body = await read(request, RescheduleBody)
    now = services.ingest.now()
    deliver_at = parse_deliver_at(body.deliver_at, now, "/deliver_at") or now
    _raise_refusal(await services.operate.reschedule([event_id], deliver_at))
    return _event_response(event_id, EventState.WAITING, 200)


@router.delete("/events/{event_id:uuid}")
async def erase_event(request: Request, event_id: UUID) -> Response:
    """Forget a finished event and all that is kept of it, for good; the events that it emitted stay."""
    await read(request, NothingBody, optional=True)
    _raise_refusal(await services_of(request).operate.erase([event_id]))
    return json_response({"id": event_id, "state": "erased"})


@router.post("/events/cancel", openapi_extra=_SELECTION)
async def cancel_events(request: Request) -> Response:
    """End the unfinished events that are meant, at most 10,000 in a call; go on behind `next_cursor`."""
    body = await read(request, ActBody)
    return await _act_on_many(request, body, services_of(request).operate.cancel)


@router.post("/events/replay", openapi_extra=_SELECTION)
async def replay_events(request: Request) -> Response:
    """Run the finished events again that are meant, at most 10,000 in a call; go on behind `next_cursor`.

    A `query` means those that a search finds, the newest first.
    """
    body = await read(request, ReplayBody)
    return await _act_on_many(request, body, partial(services_of(request).operate.replay, begin=body.begin))


@router.post("/events/retry-now", openapi_extra=_SELECTION)
async def retry_events(request: Request) -> Response:
    """Run the waiting events at once that are meant, at most 10,000 in a call; go on behind `next_cursor`."""
    body = await read(request, ActBody)
    return await _act_on_many(request, body, services_of(request).operate.retry_now)


async def _act_on_many(request: Request, body: ActBody, acting: Callable[..., Awaitable[Acted]]) -> Response:
    selection = body.selection()
    act = partial(acting, dry_run=body.dry_run)
    if selection.query is None:
        acted = await act(selection, after=body.cursor, most=body.limit)
    else:
        acted = await act_on_hits(copy_of(request), selection, act, after=body.cursor, most=body.limit)
    return _acted_response(acted, body)


def _raise_refusal(acted: Acted) -> None:
    """Raises why the only event that was named was left alone, if it was."""
    for refusal in acted.refused.values():
        raise refusal


def _event_response(event_id: UUID, state: EventState, status: int) -> Response:
    content = {"id": event_id, "state": state, "task_id": event_id}
    return json_response(content, status, {"Location": f"/events/{event_id}"})


def _acted_response(acted: Acted, body: ActBody) -> Response:
    problems = [(event_id, problem_of(error)) for event_id, error in acted.refused.items()]
    content = {
        "dry_run": body.dry_run,
        "count": acted.count,
        "asked": acted.asked,
        "by_type": acted.by_type,
        "refused": [
            {"id": event_id, "status": problem.status, "problem": problem.members()} for event_id, problem in problems
        ],
        "next_cursor": acted.next_cursor,
    }
    return json_response(content)
