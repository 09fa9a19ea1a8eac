"""The text of a query in pieces: words, phrases, and values of fields."""

import re
from collections.abc import Iterator

from headrace.domain.query import NAMES, ROOTS, TIMES
from headrace.domain.values import value
from headrace.domain.words import fold
from headrace.errors import InvalidQuery

_BLANKS = re.compile(r"\s*")

_BARE = re.compile(r'[^\s"]+')

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')

_ESCAPED = re.compile(r'\\(["\\])')

#: A field is named by what begins with a letter: `10:30` is a text.
_FIELD = re.compile(r'([^\W\d][^\s":]*):')


@value()
class Piece:
    """What stands between two blanks: a text that is sought, or the value of a field.

    `position` and `text_position` count the characters before it, and before its text.
    """

    position: int
    text_position: int
    negated: bool
    field: str | None
    text: str
    quoted: bool


def pieces_of(text: str) -> Iterator[Piece]:
    """The pieces of a query. Raises InvalidQuery."""
    at = _after_blanks(text, 0)
    while at < len(text):
        piece, end = _piece(text, at)
        if end < len(text) and not text[end].isspace():
            raise InvalidQuery('there is a blank missing before or behind the ", or a \\ before it', end)
        yield piece
        at = _after_blanks(text, end)


def is_field(name: str) -> bool:
    """Whether a field is called so."""
    folded = fold(name)
    root, dot, _ = folded.partition(".")
    return folded in NAMES or folded in TIMES or (root in ROOTS and bool(dot))


def _piece(text: str, position: int) -> tuple[Piece, int]:
    """The piece that begins there, and where it ends."""
    negated = text[position] == "-"
    at = position + negated
    if negated and (at == len(text) or text[at].isspace() or text[at] == "-"):
        raise InvalidQuery("behind a - stands what is not to be found, as in -word; a - that is meant is quoted", at)
    field, value_at = _field(text, at)
    if field is not None and (value_at == len(text) or text[value_at].isspace()):
        raise InvalidQuery(
            f'the field {field[:100]} has no value; a text that ends in a colon is quoted, as in "a:"', at
        )
    found, end = _text(text, value_at)
    return Piece(position, value_at, negated, field, found, text[value_at] == '"'), end


def _field(text: str, at: int) -> tuple[str | None, int]:
    """The field that is named there, if one is, and where its value begins."""
    if text[at] == '"':
        name, end = _text(text, at)
        return (name, end + 1) if text.startswith(":", end) else (None, at)
    named = _FIELD.match(text, at)
    if named is None or (text.startswith("//", named.end()) and not is_field(named[1])):
        return None, at
    return named[1], named.end()


def _text(text: str, at: int) -> tuple[str, int]:
    """The text that begins there, out of its quotes, and where it ends."""
    if text[at] != '"':
        bare = _BARE.match(text, at)
        assert bare is not None
        return bare[0], bare.end()
    quoted = _QUOTED.match(text, at)
    if quoted is None:
        raise InvalidQuery('a " is not closed', at)
    return _ESCAPED.sub(r"\1", quoted[1]), quoted.end()


def _after_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    assert blanks is not None
    return blanks.end()
