"""What can be read of events: one, a list, the ledger."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from headrace.api.body import refuse_options
from headrace.api.parameters import EVENT_PARAMETERS, NO_PARAMETERS, EventQuery
from headrace.api.responses import json_response
from headrace.api.services import services_of
from headrace.flow.read import AttemptView, EventView

router = APIRouter(tags=["read"], dependencies=[Depends(refuse_options)])


@router.get("/events/{event_id:uuid}", dependencies=[NO_PARAMETERS])
async def get_event(request: Request, event_id: UUID) -> Response:
    """One event with its data exactly as sent, its attempts, what they left and, once finished, its result."""
    return json_response(_event_members(await services_of(request).read.get_event(event_id)))


@router.get("/events", dependencies=[EVENT_PARAMETERS])
@router.get("/events/", dependencies=[EVENT_PARAMETERS], include_in_schema=False)
async def list_events(request: Request, query: Annotated[EventQuery, Query()]) -> Response:
    """Events, newest first, a page at a time: `{"events": […], "next_cursor": …}`."""
    return json_response(await services_of(request).read.list_events(query.filter()))


@router.get("/stats", dependencies=[NO_PARAMETERS])
async def get_stats(request: Request) -> Response:
    """The ledger: accepted = unfinished + succeeded + failed + cancelled + erased; and the lag of the search copy."""
    stats = await services_of(request).read.stats()
    content = {
        "accepted": stats.accepted,
        "unfinished": stats.unfinished,
        "succeeded": stats.succeeded,
        "failed": stats.failed,
        "cancelled": stats.cancelled,
        "erased": stats.erased,
        "by_state": {str(state): count for state, count in stats.by_state.items()},
        "waiting": stats.waiting,
        "search": stats.search,
    }
    return json_response(content)


def _event_members(event: EventView) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "state": event.state,
        "reason": event.reason,
        "since": event.since,
        "source": event.source,
        "subject": event.subject,
        "parent_id": event.parent_id,
        "data": orjson.Fragment(event.body),
        "task_context": _json(event.task_context),
        "attempt": event.attempt,
        "attempts": [_attempt_members(attempt) for attempt in event.attempts],
        "created_at": event.created_at,
        "deliver_at": event.deliver_at,
        "finished_at": event.finished_at,
        "error": _json(event.error),
        "release": event.release,
        "children": _json(event.details.children),
        "waits": _json(event.details.waits),
        "checkpoints": _json(event.details.checkpoints),
        "notes": _json(event.details.notes),
        "logs": _json(event.details.logs),
        "past_results": _json(event.details.past_results),
        "cancellations": _json(event.details.cancellations),
    }


def _attempt_members(attempt: AttemptView) -> dict[str, Any]:
    return {
        "run_number": attempt.run_number,
        "attempt": attempt.attempt,
        "outcome": attempt.outcome,
        "node": attempt.node,
        "error": _json(attempt.error),
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "release": attempt.release,
    }


def _json(text: bytes | None) -> orjson.Fragment | None:
    """Stored JSON, passed on as it is."""
    return None if text is None else orjson.Fragment(text)
