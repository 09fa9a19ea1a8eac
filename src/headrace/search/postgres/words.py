"""Words as Postgres has them, past its parser and its dictionaries: what was folded and split by us is what is found.

Both texts are literals of Postgres' types, in which each word stands in quotes: nothing in a word has a meaning there.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Sequence

#: Text of an event that is found here. A `tsvector` counts positions up to 16,383 only, and takes 1 MB.
MOST_TEXT_BYTES = 8192

#: Postgres refuses longer lexemes.
_MOST_LEXEME_BYTES = 2046

#: UTF-8 has so many bytes a character at most.
_BYTES_A_CHARACTER = 4

#: A word in quotes that needs nothing else.
_PLAIN = "'{}'"

#: What is in no text that Postgres holds.
_NEVER_STORED = re.compile("[\x00\ud800-\udfff]")

#: Positions of the words of a text, the first of which is 1.
_POSITIONS = [str(position) for position in range(1, MOST_TEXT_BYTES // 2 + 2)]


def vector_of(words: str) -> str:
    """The `tsvector` of words with a blank between two, of the first `MOST_TEXT_BYTES` of them.

    Of one word 256 places are kept: by a phrase it is found in no further one. That is a limit of the type.
    """
    places: defaultdict[str, list[str]] = defaultdict(list)
    text = _cut(words)
    # There are at most as many words as positions, each of at least one byte with a blank behind it.
    for word, position in zip(filter(None, text.split(" ")), _POSITIONS, strict=False):
        places[word].append(position)
    quoted = _quoted if _is_special(text, places) else _PLAIN.format
    return " ".join([f"{quoted(word)}:{','.join(found)}" for word, found in places.items()])


def phrase_of(words: Sequence[str]) -> str | None:
    """The `tsquery` that these words, one behind the other, fit; None where no text fits them."""
    if not words or not all(words) or any(_NEVER_STORED.search(word) for word in words):
        return None
    return " <-> ".join(map(_quoted, words))


def _cut(words: str) -> str:
    if len(words) * _BYTES_A_CHARACTER <= MOST_TEXT_BYTES or len(encoded := words.encode()) <= MOST_TEXT_BYTES:
        return words
    return encoded[: MOST_TEXT_BYTES + 1].rpartition(b" ")[0].decode()


def _is_special(text: str, words: Collection[str]) -> bool:
    """Whether one of the words of a text is more than itself between quotes: to ask each of them takes long."""
    return "'" in text or "\\" in text or max(map(len, words), default=0) * _BYTES_A_CHARACTER > _MOST_LEXEME_BYTES


def _quoted(word: str) -> str:
    lexeme = _lexeme(word).replace("\\", "\\\\").replace("'", "''")
    return f"'{lexeme}'"


def _lexeme(word: str) -> str:
    """What stands for a word: itself, or a hash of one that is too long."""
    if len(word) * _BYTES_A_CHARACTER <= _MOST_LEXEME_BYTES or len(encoded := word.encode()) <= _MOST_LEXEME_BYTES:
        return word
    return hashlib.blake2b(encoded, digest_size=32).hexdigest()
