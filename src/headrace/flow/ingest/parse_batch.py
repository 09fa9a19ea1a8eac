"""From the bytes of a batch to the bytes of its items, each exactly as it was sent."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.domain.idempotency import check_key
from headrace.engine.fit import MAX_PROBLEMS, json_pointer
from headrace.errors import (
    FieldProblem,
    InvalidBatch,
    InvalidEncoding,
    InvalidEvent,
    InvalidIdempotencyKey,
    InvalidJson,
    TooDeep,
    TooLarge,
    UnknownOption,
)
from headrace.flow.ingest.exact import decode_text, invalid_json
from headrace.flow.ingest.media import NDJSON
from headrace.flow.ingest.parse import parse_value

_GAP = re.compile(r"[ \t\n\r]*")
_LINE = re.compile(rb"[^ \t\n\r][^\n]*")
_WRAPPER = re.compile(rb'\{\s*"(?:event|options)"\s*:')
_WRAPPERS = ({"event"}, {"event", "options"})

#: The options of an item: what makes it safe to send again, and when it is to be delivered.
_KEY, _DELIVER_AT = "idempotency_key", "deliver_at"

#: Where a fault in the time of delivery is told.
DELIVER_AT_FIELD = json_pointer(["options", _DELIVER_AT])

#: Finds where a value ends, however odd its numbers: each item is judged by itself later.
_SCANNER = json.JSONDecoder(parse_int=float)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One item: the bytes of its event, and its options. `deliver_at` is as it was given, undoubted as yet."""

    event: bytes
    idempotency_key: str | None = None
    deliver_at: object = None


def batch_items(body: bytes, media_type: str, max_items: int) -> Iterator[bytes]:
    """The items of a JSON array or of newline-delimited JSON, undoubted as yet.

    Raises TooLarge past `max_items`, InvalidBatch for no item and for JSON that is no array, InvalidEncoding,
    InvalidJson or TooDeep where the array itself cannot be read; each of them possibly after some items.
    """
    number = 0
    for number, item in enumerate(_lines(body) if media_type == NDJSON else _elements(body), 1):
        if number > max_items:
            raise TooLarge(f"A batch may have {max_items} items.")
        yield item
    if number == 0:
        raise InvalidBatch("A batch needs at least one item.")


def read_item(item: bytes, max_depth: int) -> BatchItem:
    """The event of an item, which is the value of `event` in `{"event": …, "options": …}`, else the item.

    Raises UnknownOption for options that do not exist, and whatever `options` is refused for.
    """
    if not _WRAPPER.match(item):
        return BatchItem(item)
    try:
        members = list(_members(item))
    except (InvalidJson, InvalidEncoding, TooDeep):
        return BatchItem(item)  # which is judged as it stands
    values = dict(members)
    if values.keys() not in _WRAPPERS or len(values) != len(members):
        return BatchItem(item)
    options = parse_value(values.get("options", b"{}"), max_depth=max_depth)
    if not isinstance(options, dict):
        problem = FieldProblem("/options", "not-an-object", "must be an object")
        raise InvalidEvent("The options of an item are an object.", [problem])
    _refuse_unknown(options)
    return BatchItem(values["event"], _key_in(options), options.get(_DELIVER_AT))


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    unknown = [
        FieldProblem(json_pointer(["options", name]), UnknownOption.code, "is not known")
        for name in options
        if name not in (_KEY, _DELIVER_AT)
    ]
    if unknown:
        raise UnknownOption("The item asks for something that this server does not do.", unknown[:MAX_PROBLEMS])


def _key_in(options: Mapping[str, Any]) -> str | None:
    if _KEY not in options:
        return None
    key = options[_KEY]
    if not isinstance(key, str):
        raise InvalidIdempotencyKey("An idempotency key is a string.")
    return check_key(key)


def _lines(body: bytes) -> Iterator[bytes]:
    return (line.group().rstrip(b" \t\r") for line in _LINE.finditer(body))


def _elements(body: bytes) -> Iterator[bytes]:
    cursor = _Cursor(body)
    if not cursor.takes("["):
        cursor.value()
        raise InvalidBatch("A batch is a JSON array.")
    if not cursor.takes("]"):
        yield cursor.value()
        while not cursor.takes("]"):
            cursor.expect(",")
            yield cursor.value()
    cursor.finish()


def _members(body: bytes) -> Iterator[tuple[str, bytes]]:
    cursor = _Cursor(body)
    cursor.expect("{")
    while True:
        key = cursor.string()
        cursor.expect(":")
        yield key, cursor.value()
        if cursor.takes("}"):
            return cursor.finish()
        cursor.expect(",")


class _Cursor:
    """A place in a JSON text, between two tokens."""

    def __init__(self, body: bytes) -> None:
        self._text = decode_text(body)
        self._skip_to(0)

    def value(self) -> bytes:
        """The text of the value that begins here."""
        start = self._position
        try:
            _, end = _SCANNER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            raise invalid_json(error) from None
        except RecursionError:
            raise TooDeep("The batch nests too deep to be read.") from None
        self._skip_to(end)
        return self._text[start:end].encode()

    def string(self) -> str:
        """The string that is here."""
        if not self._text.startswith('"', self._position):
            raise self._fault("expected a string")
        return str(json.loads(self.value()))

    def takes(self, token: str) -> bool:
        """Whether `token` is here; if so, it is passed."""
        here = self._text.startswith(token, self._position)
        if here:
            self._skip_to(self._position + len(token))
        return here

    def expect(self, token: str) -> None:
        if not self.takes(token):
            raise self._fault(f"expected {token}")

    def finish(self) -> None:
        if self._position != len(self._text):
            raise self._fault("unexpected content after it")

    def _fault(self, message: str) -> InvalidJson:
        return invalid_json(json.JSONDecodeError(message, self._text, self._position))

    def _skip_to(self, position: int) -> None:
        gap = _GAP.match(self._text, position)
        assert gap is not None
        self._position = gap.end()
