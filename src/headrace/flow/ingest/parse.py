"""From the bytes of a request to a JSON object that nobody needs to doubt again."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from headrace.domain.event import TYPE_PATTERN
from headrace.errors import FieldProblem, ForbiddenCharacter, InvalidEvent
from headrace.flow.ingest.exact import decode_exactly, refuse, too_deep
from headrace.flow.ingest.structure import deeper_than, escapes_nul

_TYPE = re.compile(TYPE_PATTERN)


def parse_object(body: bytes, *, max_depth: int) -> dict[str, Any]:
    """The JSON object that `body` spells, integers of any length exact.

    `max_depth` counts objects and arrays, the outermost included; it must stay below 250. Raises InvalidJson,
    InvalidEncoding, DuplicateKey, TooDeep, ForbiddenCharacter, NumberOutOfRange; InvalidEvent for other JSON.
    """
    value = parse_value(body, max_depth=max_depth)
    if not isinstance(value, dict):
        raise InvalidEvent("An event is a JSON object.", [FieldProblem("", "not-an-object", "must be an object")])
    return value


def parse_value(body: bytes, *, max_depth: int) -> Any:
    """Any JSON value that `body` spells, under the checks of `parse_object`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as refused:
        refuse(body, refused, max_depth)
    if deeper_than(body, max_depth):
        raise too_deep(max_depth)
    if escapes_nul(body):
        raise ForbiddenCharacter("A string holds U+0000, which cannot be stored.")
    # What is written back byte for byte had no key twice and no integer rounded to a float.
    return value if orjson.dumps(value) == body else decode_exactly(body.decode())


def type_of(event: Mapping[str, Any]) -> str:
    """The type that an event names. Raises InvalidEvent, pointing at `/type`."""
    name = event.get("type")
    if isinstance(name, str) and _TYPE.fullmatch(name):
        return name
    code = "missing" if name is None else "invalid"
    problem = FieldProblem("/type", code, "must be 1 to 200 of the characters A-Z a-z 0-9 . _ : / -")
    raise InvalidEvent("An event needs a type.", [problem])
