"""Schedules: what recurs is created, listed, read, changed, paused, resumed, run at once and deleted here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, StrictBool

from headrace.api.body import refuse_options
from headrace.api.parameters import NO_PARAMETERS, Parameters
from headrace.api.responses import json_response
from headrace.api.selecting import Queue, read, read_object, validated
from headrace.api.services import rules_of, services_of
from headrace.bootstrap import ApiServices
from headrace.domain.event import DEFAULT_QUEUE, NewEvent
from headrace.domain.timing import NAME_PATTERN, Timing
from headrace.errors import FieldProblem, InvalidInput
from headrace.flow.ingest.check import check_event
from headrace.flow.ingest.media import JSON
from headrace.flow.operate import ScheduleView

router = APIRouter(prefix="/schedules", tags=["schedules"], dependencies=[Depends(refuse_options)])

#: Schedules of a page unless asked otherwise, and at most.
DEFAULT_LIMIT, MAX_LIMIT = 50, 500

_RECURRENCES = {"cron": {"cron", "timezone"}, "every": {"every", "from"}, "at": {"at"}}

_SCHEDULE: dict[str, Any] = {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}

_LIST_PARAMETERS = Depends(Parameters(once=frozenset({"cursor", "limit"})))


class ChangeBody(Timing):
    """A schedule without its name: `event` is what it stores at each tick."""

    event: dict[str, Any]
    queue: Queue = DEFAULT_QUEUE

    def timing(self) -> Timing:
        """When it is due, and how its ticks are fired."""
        return Timing.model_construct(**{name: getattr(self, name) for name in Timing.model_fields})


class CreateBody(ChangeBody):
    """A schedule."""

    name: str = Field(pattern=NAME_PATTERN)
    paused: StrictBool = False


class ListQuery(BaseModel, extra="forbid"):
    """Which page of the schedules."""

    cursor: str = ""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


@router.post("", status_code=201, dependencies=[NO_PARAMETERS], openapi_extra=_SCHEDULE)
async def create_schedule(request: Request) -> Response:
    """Let an event recur: one of `cron` (with its `timezone`), `every` and `at`, and the `event` to store."""
    services = services_of(request)
    body = await read(request, CreateBody, max_depth=services.settings.max_depth + 1)
    view = await services.schedule.create(body.name, body.timing(), _event(body, services), paused=body.paused)
    return json_response(_members(view), 201, {"Location": f"/schedules/{body.name}"})


@router.get("", dependencies=[_LIST_PARAMETERS])
async def list_schedules(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Schedules by their names, a page at a time, without their runs: `{"schedules": […], "next_cursor": …}`."""
    views = await services_of(request).schedule.list(query.cursor, query.limit)
    next_cursor = views[-1].schedule.name if len(views) == query.limit else None
    return json_response({"schedules": [_summary(view) for view in views], "next_cursor": next_cursor})


@router.get("/{name}", dependencies=[NO_PARAMETERS])
async def get_schedule(request: Request, name: str) -> Response:
    """A schedule with its next ten ticks (`next`) and the last ten that were fired (`runs`)."""
    return json_response(_members(await services_of(request).schedule.get(name)))


@router.patch("/{name}", dependencies=[NO_PARAMETERS], openapi_extra=_SCHEDULE)
async def change_schedule(request: Request, name: str) -> Response:
    """Change what is given, and leave the rest as it is; null stands for the default. A new recurrence begins now."""
    services = services_of(request)
    given = await read_object(request, services.settings.max_depth + 1)
    before = (await services.schedule.get(name)).schedule
    body = validated(ChangeBody, _merged(_settings(before.timing), before.queue, orjson.loads(before.body), given))
    return json_response(_members(await services.schedule.change(name, body.timing(), _event(body, services))))


@router.post("/{name}/pause", dependencies=[NO_PARAMETERS])
async def pause_schedule(request: Request, name: str) -> Response:
    """Fire no tick until it is resumed; what passes meanwhile is not missed."""
    return json_response(_members(await services_of(request).schedule.pause(name)))


@router.post("/{name}/resume", dependencies=[NO_PARAMETERS])
async def resume_schedule(request: Request, name: str) -> Response:
    """Go on with the next tick from now."""
    return json_response(_members(await services_of(request).schedule.resume(name)))


@router.post("/{name}/run", status_code=202, dependencies=[NO_PARAMETERS])
async def run_schedule(request: Request, name: str) -> Response:
    """Store its event now, beside its ticks."""
    event_id = await services_of(request).schedule.run(name)
    return json_response({"id": event_id}, 202, {"Location": f"/events/{event_id}"})


@router.delete("/{name}", dependencies=[NO_PARAMETERS])
async def delete_schedule(request: Request, name: str) -> Response:
    """Forget a schedule; its events stay."""
    await services_of(request).schedule.delete(name)
    return json_response({"name": name, "state": "deleted"})


def _event(body: ChangeBody, services: ApiServices) -> NewEvent:
    """The event that is stored at each tick. Raises the InvalidInput that says what of `event` is wrong."""
    try:
        event = check_event(orjson.dumps(body.event), services.ingest.new_id(), rules_of(services.settings))
    except InvalidInput as error:
        problems = [FieldProblem(f"/event{each.pointer}", each.code, each.detail) for each in error.problems]
        raise type(error)(error.detail, problems) from None
    return replace(event, queue=body.queue)


def _merged(
    timing: Mapping[str, Any], queue: str, event: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """A schedule with what is given in the place of what it had. A new recurrence takes the place of all of the old."""
    kept = {**timing, "queue": queue, "event": event}
    if given.keys() & _RECURRENCES.keys():
        kept = {name: each for name, each in kept.items() if not any(name in names for names in _RECURRENCES.values())}
    return {name: each for name, each in {**kept, **given}.items() if each is not None}


def _settings(timing: Timing) -> dict[str, Any]:
    return timing.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _summary(view: ScheduleView) -> dict[str, Any]:
    schedule = view.schedule
    return {
        "name": schedule.name,
        **_settings(schedule.timing),
        "type": schedule.type,
        "queue": schedule.queue,
        "event": orjson.Fragment(schedule.body),
        "paused_at": schedule.paused_at,
        "app": schedule.app,
        "vanished_at": schedule.vanished_at,
        "next": view.coming,
    }


def _members(view: ScheduleView) -> dict[str, Any]:
    runs = [{"tick": each.tick, "id": each.event_id, "state": each.state} for each in view.fired]
    return {**_summary(view), "runs": runs}
