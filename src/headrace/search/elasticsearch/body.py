"""An entry as JSON, as it lies in an index."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from headrace.domain.document import Document, Entry, Tombstone
from headrace.domain.query import NAMES


def body_of(entry: Entry, batch: int, now: datetime) -> bytes:
    """The JSON of an entry, without a line break."""
    match entry:
        case Document():
            return _document(entry, batch)
        case Tombstone():
            head = {"id": str(entry.event_id), "version": entry.version, "batch": batch, "gone": now}
            return orjson.dumps(head)


def _document(document: Document, batch: int) -> bytes:
    named = _named(document)
    head = {
        **named,
        "version": document.version,
        "batch": batch,
        "tenant": document.tenant,
        "attempts": document.attempts,
        "created_at": document.created_at,
        "started_at": document.started_at,
        "finished_at": document.finished_at,
        "words": document.words,
        "terms": [*document.terms, *_terms(named)],
    }
    return _spliced(orjson.dumps(head), document.content)


def _named(document: Document) -> dict[str, Any]:
    return {"id": str(document.event_id), **{name: getattr(document, name) for name in NAMES if name != "id"}}


def _terms(named: dict[str, Any]) -> Iterator[str]:
    return (f"{name}:{value}".lower() for name, value in named.items() if value is not None)


def _spliced(head: bytes, content: bytes) -> bytes:
    """Both objects as one. A line break in JSON stands between values only: there a space does as well."""
    members = content.strip()[1:-1].strip().replace(b"\r", b" ").replace(b"\n", b" ")
    return b"%b,%b}" % (head[:-1], members) if members else head
