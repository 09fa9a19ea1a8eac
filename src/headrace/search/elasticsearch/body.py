"""An entry as JSON, as it lies in an index."""

from datetime import datetime

import orjson

from headrace.domain.document import Document, Entry, Tombstone, named_terms, names_of


def body_of(entry: Entry, batch: int, now: datetime) -> bytes:
    """The JSON of an entry, without a line break."""
    match entry:
        case Document():
            return _document(entry, batch)
        case Tombstone():
            head = {"id": str(entry.event_id), "version": entry.version, "batch": batch, "gone": now}
            return orjson.dumps(head)


def _document(document: Document, batch: int) -> bytes:
    head = {
        **names_of(document),
        "version": document.version,
        "batch": batch,
        "tenant": document.tenant,
        "attempts": document.attempts,
        "created_at": document.created_at,
        "started_at": document.started_at,
        "finished_at": document.finished_at,
        "words": document.words,
        "terms": [*document.terms, *named_terms(document)],
    }
    return _spliced(orjson.dumps(head), document.content)


def _spliced(head: bytes, content: bytes) -> bytes:
    """Both objects as one. A line break in JSON stands between values only: there a space does as well."""
    members = content.strip()[1:-1].strip().replace(b"\r", b" ").replace(b"\n", b" ")
    return b"%b,%b}" % (head[:-1], members) if members else head
