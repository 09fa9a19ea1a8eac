"""An entry as it lies in a table."""

import hashlib

import orjson

from headrace.domain.document import Document, Entry, Tombstone, month_of, names_of
from headrace.domain.marks import is_index_name
from headrace.search.postgres.terms import hashes_of
from headrace.search.postgres.words import vector_of
from headrace.store.documents import Columns, Row


def row_of(entry: Entry) -> Row:
    """The row of an entry. Names that no index can have are left out."""
    match entry:
        case Document():
            return Row(entry.event_id, month_of(entry.event_id), entry.version, _columns(entry))
        case Tombstone():
            return Row(entry.event_id, month_of(entry.event_id), entry.version, None)


def impossible_index(entry: Entry) -> str | None:
    """A name of a further index in the entry that no index can have; None if all are good."""
    names = entry.indices if isinstance(entry, Document) else ()
    return next((name for name in names if not is_index_name(name)), None)


def _columns(document: Document) -> Columns:
    indices = sorted({name for name in document.indices if is_index_name(name)})
    return Columns(
        tenant=document.tenant,
        type=document.type,
        state=document.state,
        finished_at=document.finished_at,
        indices=indices,
        digest=_digest(document),
        words=vector_of(document.words),
        terms=hashes_of(document, indices),
    )


def _digest(document: Document) -> bytes:
    """A hash of what is not stored, or only in part: the content, and names as they are spelt."""
    head = [names_of(document), document.attempts, document.started_at]
    digest = hashlib.blake2b(orjson.dumps(head), digest_size=16)
    digest.update(document.content)
    return digest.digest()
