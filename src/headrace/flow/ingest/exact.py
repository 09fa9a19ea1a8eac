"""The careful second reading of a JSON text: slower than orjson, with nothing rounded and nothing dropped."""

import codecs
import json
from math import isinf
from typing import Any, NoReturn

import orjson

from headrace.errors import (
    DuplicateKey,
    ForbiddenCharacter,
    InvalidEncoding,
    InvalidJson,
    NumberOutOfRange,
    TooDeep,
)
from headrace.flow.ingest.structure import deeper_than

#: No decimal integer of so many characters leaves the range of a double.
_SURELY_FINITE_CHARACTERS = 300


def decode_exactly(text: str) -> Any:
    """The value of a JSON text, integers of any length exact.

    Raises DuplicateKey, NumberOutOfRange for what a double cannot hold, and InvalidJson.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise invalid_json(error) from None


def refuse(body: bytes, refused: orjson.JSONDecodeError, max_depth: int) -> NoReturn:
    """Raises the reason why orjson refused a text, found by reading it again, not by its message's words."""
    text = decode_text(body)
    # What orjson read before it stopped is short where the depth was the reason.
    if deeper_than(body[: refused.pos], max_depth) or deeper_than(body, max_depth):
        raise too_deep(max_depth)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError:
        raise invalid_json(refused) from None
    if _has_lone_surrogate(value):
        raise ForbiddenCharacter("A string holds half of a surrogate pair, which is no character.")
    raise invalid_json(refused)


def decode_text(body: bytes) -> str:
    """The text of a body. Raises InvalidEncoding for all but UTF-8 without a byte order mark."""
    # No JSON text has a NUL, every UTF-16 or UTF-32 one has it among its first four bytes.
    if body.startswith(codecs.BOM_UTF8) or b"\0" in body[:4]:
        raise InvalidEncoding("The body must be UTF-8 without a byte order mark.")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise InvalidEncoding("The body is not UTF-8.") from None


def invalid_json(error: json.JSONDecodeError) -> InvalidJson:
    """The fault and its place; neither parser's message quotes the text."""
    return InvalidJson(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).")


def too_deep(max_depth: int) -> TooDeep:
    """The error that names the limit."""
    return TooDeep(f"Objects and arrays may nest {max_depth} levels deep.")


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateKey("An object has the same key twice.")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _SURELY_FINITE_CHARACTERS:
        _finite(digits)
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise NumberOutOfRange("A number is too large: its absolute value must be below 1.8e308.")
    return number


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_finite, parse_constant=_no_constant
)
