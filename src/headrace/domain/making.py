"""Making the documents of the search copy: a pure function of what is stored of a finished event."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.contexts import dump
from headrace.domain.document import Document
from headrace.domain.marks import marks_of
from headrace.domain.payload import decode
from headrace.domain.states import EventState
from headrace.domain.trees import Masked, leaf_text, masked, shallow_first, texts_in, within
from headrace.domain.values import value
from headrace.domain.words import fold, words_of

#: Terms of a document at most, and characters of a value of which there is one.
MOST_TERMS, MOST_VALUE_CHARACTERS = 1000, 200

#: A larger payload, with its outputs, is left out of the content.
MOST_CONTENT_BYTES = 8 << 20


@value()
class MakingOptions:
    """A document has words of `text_bytes` at most, and as much of terms. What is `masked` is in none of it."""

    text_bytes: int = 65_536
    masked: Masked = Masked()


@value()
class FinishedEvent:
    """A finished event: `body` as it is stored, `task_context` and `error` as JSON.

    `waiting_version` is the version of its row in the outbox, None if there is none.
    """

    event_id: UUID
    waiting_version: int | None
    run_number: int
    tenant: str
    type: str
    source: str | None
    subject: str | None
    key: str | None
    body: bytes
    state: str
    reason: str | None
    node: str | None
    attempts: int
    task_context: str | None
    error: str | None
    started_at: datetime | None
    finished_at: datetime
    release: str | None


def make_document(found: FinishedEvent, body: bytes, options: MakingOptions) -> Document:
    """The document of an event with this body."""
    context = None if found.task_context is None else decode(found.task_context.encode())
    context = context if isinstance(context, dict) else {}
    error = None if found.error is None else decode(found.error.encode())
    marks = marks_of(context.get("metadata"))
    trees = {"error": error, "payload": decode(body), "outputs": context.get("nodes"), "extra": marks.extra}
    if options.masked:
        trees = {root: masked(tree, root, options.masked) for root, tree in trees.items()}
    sought = trees
    if marks.fields is not None:
        sought = {root: within(tree, root, marks.fields) for root, tree in trees.items()}
    return Document(
        event_id=found.event_id,
        version=2 * found.run_number,
        tenant=found.tenant,
        type=found.type,
        state=EventState(found.state),
        reason=found.reason,
        node=found.node,
        code=error["code"] if isinstance(error, dict) and isinstance(error.get("code"), str) else None,
        key=found.key,
        source=found.source,
        subject=found.subject,
        release=found.release,
        attempts=found.attempts,
        started_at=found.started_at,
        finished_at=found.finished_at,
        content=_content(trees),
        words=" ".join(_cut(_words(sought), options.text_bytes)),
        terms=tuple(dict.fromkeys(_cut(_terms(sought), options.text_bytes))),
        indices=marks.indices,
    )


def _content(trees: dict[str, Any]) -> bytes:
    content = dump(trees)
    if len(content) <= MOST_CONTENT_BYTES:
        return content
    return dump({"error": None, "payload": None, "outputs": None, "extra": None, "cut": True})


def _words(trees: dict[str, Any]) -> Iterator[str]:
    for tree in trees.values():
        for text in texts_in(tree):
            yield from words_of(text)


def _terms(trees: dict[str, Any]) -> Iterator[str]:
    count = 0
    for path, leaf in shallow_first({root: tree for root, tree in trees.items() if tree is not None}):
        text = leaf_text(leaf)
        if len(text) <= MOST_VALUE_CHARACTERS:
            yield fold(f"{path}:{text}")
            count += 1
            if count == MOST_TERMS:
                return


def _cut(texts: Iterator[str], most_bytes: int) -> Iterator[str]:
    """The first of the texts, as many as have so many bytes with a space between two."""
    for text in texts:
        most_bytes -= len(text.encode()) + 1
        if most_bytes < -1:
            return
        yield text
