"""A task context as it is stored: what its event's body says already is not said again.

Of a context `{"event", "nodes", "metadata"}` the event is mostly its body, as it was accepted, and a large one is most
of what a result takes. So `event` gives way to `beyond_body`: those members of it that the body has not, or has
otherwise, because the event's class converts them or has defaults.
"""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from headrace.domain.payload import decode

#: The member of a stored context that stands in place of `event`.
BEYOND_BODY = "beyond_body"


def whole_context(stored: bytes, body: bytes) -> bytes:
    """The JSON of a context with its `event`, of one that is stored beside this body."""
    context = decode(stored)
    whole = with_event(context, body)
    return stored if whole is context else dump(whole)


def with_event(context: Any, body: bytes) -> Any:
    """As `whole_context`, of a decoded context; what is no context, or has its event, is returned as it is."""
    if not isinstance(context, dict) or BEYOND_BODY not in context or "event" in context:
        return context
    beyond = context[BEYOND_BODY]
    rest = {name: value for name, value in context.items() if name != BEYOND_BODY}
    return {"event": {**decode(body), **beyond}, **rest}


def beyond_body(event: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an event has beyond the data of its body. None where it lacks some of these: then it has to be stored."""
    if not data.keys() <= event.keys():
        return None
    return {name: value for name, value in event.items() if name not in data or dump(value) != dump(data[name])}


def dump(value: Any) -> bytes:
    """JSON, with integers of any length."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
