"""How texts become words: the one way for what is stored and for what is asked, whatever the copy is kept in."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from unicodedata import category, normalize

#: A longer word is cut. So what follows in it cannot be told apart.
MOST_WORD_CHARACTERS = 200

#: Scripts without spaces between their words, of which each letter is a word: Han, Hiragana and Katakana. Of other
#: letters a run is a word.
_SINGLE = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_WORD = re.compile(rf"(?=\w)[{_SINGLE}]|[^\W{_SINGLE}]+")

#: What becomes of each ASCII character: those of words are folded, the others stand between words.
_ASCII = "".join(chr(code).lower() if re.match(r"\w", chr(code)) else " " for code in range(128))

#: Vowels and finals of Hangul, which are one letter with what stands before them.
_JAMO = range(0x1160, 0x1200)


class WordSpan(NamedTuple):
    """A word, and where in the text it stands: from `start` on, before `end`."""

    word: str
    start: int
    end: int


def fold(text: str) -> str:
    """The text without what is not compared: upper and lower case, and forms of the same letters (Unicode NFKC)."""
    if text.isascii():
        return text.lower()
    return normalize("NFKC", normalize("NFKC", text).casefold())


def words_of(text: str) -> list[str]:
    """The words of a text, in their order, each of `MOST_WORD_CHARACTERS` at most.

    A word consists of letters, digits and `_` alone: `octo@github.com` is three.
    """
    words = text.translate(_ASCII).split() if text.isascii() else _WORD.findall(fold(text))
    if max(map(len, words), default=0) > MOST_WORD_CHARACTERS:
        return [word[:MOST_WORD_CHARACTERS] for word in words]
    return words


def words_in(texts: Iterable[str]) -> list[str]:
    """The words of all texts, in their order."""
    words: list[str] = []
    for _, alike in groupby(texts, str.isascii):
        words += words_of("\n".join(alike))
    return words


def word_spans(text: str) -> list[WordSpan]:
    """The words of a text, as `words_of` gives them, with their places in the text as it is.

    Several words may have the same place: some characters stand for a whole sentence.
    """
    if text.isascii():
        found = [WordSpan(match[0], match.start(), match.end()) for match in _WORD.finditer(text.lower())]
    else:
        letters = list(_letters(text))
        folded = [_folded(text[start:end]) for start, end in letters]
        places = [letter for letter, forms in zip(letters, folded, strict=True) for _ in forms]
        found = [
            WordSpan(match[0], places[match.start()][0], places[match.end() - 1][1])
            for match in _WORD.finditer("".join(folded))
        ]
    return [WordSpan(word[:MOST_WORD_CHARACTERS], start, end) for word, start, end in found]


def _letters(text: str) -> Iterator[tuple[int, int]]:
    """Where the letters of a text stand, each with the marks on it: what is folded apart from all others."""
    start = 0
    for place, character in enumerate(text):
        if place > start and not _joins(character):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@lru_cache(4096)
def _folded(letter: str) -> str:
    return fold(letter)


@lru_cache(4096)
def _joins(character: str) -> bool:
    """Whether a character may become one with what stands before it."""
    first = normalize("NFKD", character)[0]
    return category(first).startswith("M") or ord(first) in _JAMO
