"""Making the documents of the search copy: a pure function of what is stored of a finished event."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.domain.contexts import dump
from headrace.domain.document import Document
from headrace.domain.marks import Marks, marks_of
from headrace.domain.payload import decode
from headrace.domain.states import EventState
from headrace.domain.trees import Masked, leaf_text, masked, shallow_first, texts_in, within
from headrace.domain.values import value
from headrace.domain.words import fold, words_in

#: Terms of a document at most, and characters of a value of which there is one.
MOST_TERMS, MOST_VALUE_CHARACTERS = 1000, 200

#: Texts of so many characters, or one that is longer, are made words at a time.
_TOGETHER = 16_384

#: A larger payload, with its outputs, is left out of the content.
MOST_CONTENT_BYTES = 8 << 20

#: What may be a half of a character, which no text may hold.
_HALVES = re.compile(rb"\\u[dD]")


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


def trees_of(found: FinishedEvent, body: bytes, options: MakingOptions) -> dict[str, Any]:
    """What the content of an event with this body is made of, by root, without what is masked."""
    context = _context(found)
    return _trees(context, _error(found), body, marks_of(context.get("metadata")), options)


def make_document(found: FinishedEvent, body: bytes, options: MakingOptions) -> Document:
    """The document of an event with this body."""
    context, error = _context(found), _error(found)
    marks = marks_of(context.get("metadata"))
    trees = _trees(context, error, body, marks, options)
    sought = trees
    if marks.fields is not None:
        # What a node adds, it adds to be found.
        covered = marks.fields | {"extra"}
        sought = {root: within(tree, root, covered) for root, tree in trees.items()}
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
        words=_words(sought, options.text_bytes),
        terms=_terms(sought, options.text_bytes),
        indices=marks.indices,
    )


def _context(found: FinishedEvent) -> dict[str, Any]:
    context = None if found.task_context is None else _readable(found.task_context.encode())
    return context if isinstance(context, dict) else {}


def _error(found: FinishedEvent) -> Any:
    return None if found.error is None else _readable(found.error.encode())


def _readable(encoded: bytes) -> Any:
    """The JSON, or nothing if it cannot be read: one event must not keep all others from the copy."""
    try:
        tree = decode(encoded)
        if _HALVES.search(encoded):
            dump(tree)
        return tree
    except (ValueError, RecursionError):
        return None


def _trees(context: dict[str, Any], error: Any, body: bytes, marks: Marks, options: MakingOptions) -> dict[str, Any]:
    trees = {"error": error, "payload": _readable(body), "outputs": context.get("nodes"), "extra": marks.extra}
    if options.masked:
        return {root: masked(tree, root, options.masked) for root, tree in trees.items()}
    return trees


def _content(trees: dict[str, Any]) -> bytes:
    content = dump(trees)
    if len(content) <= MOST_CONTENT_BYTES:
        return content
    return dump({"error": None, "payload": None, "outputs": None, "extra": None, "cut": True})


def _words(trees: dict[str, Any], most_bytes: int) -> str:
    """The first words of the trees, as many as have so many bytes with a space between two."""
    found: list[str] = []
    characters = 0
    for texts in _together(texts_in(list(trees.values()))):
        if words := " ".join(words_in(texts)):
            found.append(words)
            characters += len(words) + 1
            if characters > most_bytes:
                break
    encoded = " ".join(found).encode()
    if len(encoded) > most_bytes:
        encoded = encoded[: max(0, encoded.rfind(b" ", 0, most_bytes + 1))]
    return encoded.decode()


def _together(texts: Iterable[str]) -> Iterator[list[str]]:
    together: list[str] = []
    characters = 0
    for text in texts:
        together.append(text)
        characters += len(text)
        if characters >= _TOGETHER:
            yield together
            together, characters = [], 0
    yield together


def _terms(trees: dict[str, Any], most_bytes: int) -> tuple[str, ...]:
    """The terms of the trees that come first, as many as have so many bytes with a space between two."""
    terms: dict[str, None] = {}
    for path, leaf in shallow_first({root: tree for root, tree in trees.items() if tree is not None}):
        text = leaf_text(leaf)
        if len(text) > MOST_VALUE_CHARACTERS or (term := fold(f"{path}:{text}")) in terms:
            continue
        most_bytes -= len(term.encode()) + 1
        if most_bytes < -1:
            break
        terms[term] = None
        if len(terms) == MOST_TERMS:
            break
    return tuple(terms)
