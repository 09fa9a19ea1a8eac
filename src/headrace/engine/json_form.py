"""JSON, strictly: what cannot be written as JSON that Postgres reads is refused instead of being bent."""

import dataclasses
import inspect
import re
from collections import deque
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import PurePath
from typing import Any
from uuid import UUID

import orjson
from pydantic import ConfigDict, TypeAdapter

from headrace.domain.payload import decode

_serializer = TypeAdapter[Any](Any, config=ConfigDict(ser_json_inf_nan="constants")).serializer
_serialize = _serializer.to_json

#: An escaped U+0000, as opposed to an escaped backslash before the letters u0000.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

#: Python reads no integer with more digits.
_MOST_DIGITS = 4300

_DIGIT, _LONG_INTEGER = re.compile(rb"[0-9]"), re.compile(rb"(?<![0-9])[0-9]{%d}" % (_MOST_DIGITS + 1))

_SCALARS = (str, int, bool, type(None))
_PLAIN = (str, int, float, complex, bytes, bytearray, type(None), dict, list, tuple, set, frozenset, deque)
_ADDRESSES = (IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network)
_WRITABLE = (*_PLAIN, *_ADDRESSES, date, time, timedelta, Decimal, Enum, UUID, PurePath, re.Pattern)


def to_json(value: object, most_bytes: int | None = None, without: set[str] | None = None) -> bytes:
    """The JSON of a value, the same as pydantic's `model_dump(mode="json")` gives, as bytes; of a model, `without`
    some of its members.

    Takes pydantic models, dataclasses, datetimes, UUID, Decimal, Enum, sets. Raises ValueError for what has
    no JSON form: unknown classes, iterators, NaN and infinities, lone surrogates, U+0000, which Postgres cannot
    read, and integers of so many digits that Python cannot. What becomes larger than `most_bytes` is not read through:
    it is its caller's to refuse.
    """
    if type(value) in _SCALARS:
        return _scalar_json(value)
    if type(value) not in _PLAIN and isinstance(value, Iterator):
        raise ValueError("an iterator would be used up by writing it down")
    encoded = _serialize(value, exclude=without)
    if most_bytes is not None and len(encoded) > most_bytes:
        return encoded
    # By its own settings a model writes NaN as null.
    told = encoded
    if b"null" in encoded and value is not None:
        told = _serialize(_serializer.to_python(value, mode="json", exclude=without))
    if b"NaN" in told or b"Infinity" in told:
        _refuse_constants(told)
    _refuse_nul(encoded)
    _refuse_long_integers(encoded)
    return encoded


def _scalar_json(value: object) -> bytes:
    if type(value) is int:
        return b"%d" % value  # of any length
    try:
        encoded = orjson.dumps(value)
    except TypeError:
        raise ValueError("a lone surrogate is not JSON") from None
    _refuse_nul(encoded)
    return encoded


def plain_json(value: object) -> bytes:
    """As `to_json`, and quicker, of finite numbers, texts, moments in UTC, and lists and dicts of these."""
    try:
        encoded = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError as error:
        raise ValueError("this has no JSON form") from error
    return to_json(value) if b"\\u0000" in encoded else encoded


def _refuse_nul(encoded: bytes) -> None:
    if b"\\u0000" in encoded and _NUL.search(encoded):
        raise ValueError("the character U+0000 cannot be stored")


def _refuse_long_integers(encoded: bytes) -> None:
    # One of them has a digit at one of these places; few other values have, so few are looked through.
    if _DIGIT.search(encoded[::_MOST_DIGITS]) and _LONG_INTEGER.search(encoded):
        decode(encoded)


def _refuse_constants(encoded: bytes) -> None:
    try:
        orjson.loads(encoded)
    except orjson.JSONDecodeError:
        raise ValueError("NaN and infinity are not JSON") from None


def may_have_json_form(kind: object) -> bool:
    """False where every value of a type would be refused by `to_json`, as far as the class alone tells."""
    if not isinstance(kind, type) or kind in (Any, object) or type.__subclasses__(kind) or inspect.isabstract(kind):
        return True
    known_to_pydantic = dataclasses.is_dataclass(kind) or hasattr(kind, "__get_pydantic_core_schema__")
    return known_to_pydantic or getattr(kind, "_is_protocol", False) or issubclass(kind, _WRITABLE)
