"""How texts become words: the one way for what is stored and for what is asked, whatever the copy is kept in."""

import re
from collections.abc import Iterator
from unicodedata import normalize

#: A longer word is cut. So what follows in it cannot be told apart.
MOST_WORD_CHARACTERS = 200

#: Scripts without spaces between their words, of which each letter is a word: Han, Hiragana and Katakana. Of other
#: letters a run is a word.
_SINGLE = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_WORD = re.compile(rf"(?=\w)[{_SINGLE}]|[^\W{_SINGLE}]+")

_ASCII_WORD = re.compile(r"\w+", re.ASCII)


def fold(text: str) -> str:
    """The text without what is not compared: upper and lower case, and forms of the same letters (Unicode NFKC)."""
    if text.isascii():
        return text.lower()
    return normalize("NFKC", normalize("NFKC", text).casefold())


def whole_words(text: str) -> list[str]:
    """The words of a text, in their order, however long they are."""
    folded = fold(text)
    return _ASCII_WORD.findall(folded) if folded.isascii() else _WORD.findall(folded)


def words_of(text: str) -> Iterator[str]:
    """The words of a text, in their order, each of `MOST_WORD_CHARACTERS` at most.

    A word consists of letters, digits and `_` alone: `octo@github.com` is three.
    """
    for word in whole_words(text):
        yield word[:MOST_WORD_CHARACTERS]
