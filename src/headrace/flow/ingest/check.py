"""Everything that is known about an event before it is stored: one function from bytes to a NewEvent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.event import NewEvent
from headrace.domain.idempotency import Idempotency
from headrace.engine import PipelineRegistry
from headrace.engine.fit import check_fit
from headrace.engine.schema import match_key_of
from headrace.errors import FieldProblem, InvalidEvent, UnknownPipeline
from headrace.flow.ingest.media import too_large
from headrace.flow.ingest.parse import parse_object, type_of


@dataclass(frozen=True, slots=True)
class Rules:
    """What this installation accepts, and the release that it stamps on it."""

    max_body_bytes: int
    max_depth: int
    refuses_unknown_types: bool
    release: str | None


def check_event(
    body: bytes,
    event_id: UUID,
    rules: Rules,
    idempotency: Idempotency | None = None,
    deliver_at: datetime | None = None,
) -> NewEvent:
    """The event that `body` spells, fit to be stored. Raises the InvalidInput that says what is wrong."""
    if len(body) > rules.max_body_bytes:
        raise too_large(rules.max_body_bytes)
    event = parse_object(body, max_depth=rules.max_depth)
    event_type = type_of(event)
    _check_type(event_type, event, rules)
    match_key = _match_key(event_type, event)
    return NewEvent(
        id=event_id,
        type=event_type,
        body=body,
        match_key=match_key,
        release=rules.release,
        idempotency=idempotency,
        deliver_at=deliver_at,
    )


def _match_key(event_type: str, event: Mapping[str, Any]) -> str | None:
    try:
        return match_key_of(event_type, event)
    except ValueError:
        return None


def _check_type(event_type: str, event: Mapping[str, Any], rules: Rules) -> None:
    try:
        schema = PipelineRegistry.schema(event_type)
    except UnknownPipeline:
        if rules.refuses_unknown_types:
            problem = FieldProblem("/type", UnknownPipeline.code, "no pipeline is declared for this type")
            raise InvalidEvent("Events of unknown types are refused here.", [problem]) from None
        return
    check_fit(event, schema)
