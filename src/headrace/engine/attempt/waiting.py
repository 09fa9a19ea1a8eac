"""Nodes that wait for a moment or for an event, and values that are named by a path."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from headrace.domain.payload import decode
from headrace.domain.progress import Arrival, Awaited, Kept, Pause
from headrace.domain.states import Reason
from headrace.engine.attempt.done import Done
from headrace.engine.attempt.outputs import checked
from headrace.engine.fit import check_fit
from headrace.engine.plan import Step
from headrace.engine.schema import EventSchema, as_match_key, classes
from headrace.engine.shapes import Map, Sleep, Wait
from headrace.engine.spec import EVENT
from headrace.errors import Permanent

_MISSING = object()


def look(
    step: Step, shape: Sleep | Wait, values: Mapping[str, Any], kept: Kept, earlier: Pause | None, now: datetime
) -> Done | Pause:
    """The node's output if its time, or its event, has come; else the pause.

    Raises Permanent where the run has no key, and SchemaMismatch where the event that came does not fit its class.
    """
    seconds = shape.seconds if isinstance(shape, Sleep) else shape.timeout_seconds
    due = earlier.due if earlier else None if seconds is None else now + timedelta(seconds=seconds)
    arrival = kept.arrivals.get(step.name)
    begun = (arrival.since if arrival else earlier.since if earlier else None) or now
    if arrival is not None:
        event = event_of(arrival)
        return Done(event, checked(step.name, event), begun, now)
    if due is not None and due <= now:
        return Done(None, b"null", begun, now)
    if isinstance(shape, Sleep):
        return Pause(step.name, Reason.SLEEP, due)
    key = as_match_key(value_at(shape.key, values))
    if key is None:
        raise Permanent(f"node {step.name!r} waits for {shape.type!r}, and {shape.key!r} is empty")
    return Pause(step.name, Reason.WAIT, due, Awaited(shape.type, key))


def event_of(arrival: Arrival) -> EventSchema:
    """The event that came, as its class sees it."""
    data = decode(arrival.body)
    return check_fit(data, classes.get(data["type"], EventSchema))


def items_of(shape: Map, values: Mapping[str, Any]) -> Sequence[Any]:
    """The items of a map. Raises TypeError where there is no list of them: the items of a set have no place to keep."""
    found = value_at(shape.over, values)
    if found is None or isinstance(found, (str, bytes, Mapping, Set)):
        raise TypeError(f"{shape.over!r} is no list: {type(found).__name__}")
    return list(found)


def value_at(path: str, values: Mapping[str, Any]) -> Any:
    """What a path like `create.id` names: its head is a node, `event`, or else a field of the event."""
    head, *fields = path.split(".")
    found = values[head] if head in values else _field(values[EVENT], head)
    for name in fields:
        found = _field(found, name)
    return found


def _field(value: Any, name: str) -> Any:
    found = value.get(name, _MISSING) if isinstance(value, Mapping) else getattr(value, name, _MISSING)
    if found is _MISSING:
        raise Permanent(f"there is no {name!r} in a {type(value).__name__}")
    return found
