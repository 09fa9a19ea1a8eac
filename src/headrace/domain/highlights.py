"""Where in an event lies what a query asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from headrace.domain.making import MOST_VALUE_CHARACTERS
from headrace.domain.query import ROOTS, Phrase, Query, Term
from headrace.domain.trees import is_text, leaf_text, shallow_first
from headrace.domain.values import value
from headrace.domain.words import fold, word_spans, words_of

#: Places that are shown of a hit.
MOST_HIGHLIGHTS = 5

#: Characters that are shown of a text, and of these so many before what was found.
SNIPPET_CHARACTERS, BEFORE_CHARACTERS = 160, 40

#: Characters of a hit, of its paths and texts, that are looked through.
MOST_LOOKED_AT = 100_000

_AT_PATHS = tuple(f"{root}." for root in ROOTS)

#: A part of a text: from a character on, and before another.
Span = tuple[int, int]


@value()
class Highlight:
    """A part of the text at a path, with `…` where it is cut, and the parts of it that were sought."""

    path: str
    text: str
    spans: tuple[Span, ...]


@value()
class _Place:
    """A text in which some clauses of the query are found; `whole` says that one is found by the value itself."""

    path: str
    text: str
    found: frozenset[Phrase | Term]
    whole: bool


class _Sought:
    """What of a query can be shown: its phrases by their first words, its values by their terms."""

    def __init__(self, query: Query) -> None:
        self._phrases: dict[str, list[Phrase]] = {}
        self._terms: dict[str, Term] = {}
        for clause in query.clauses:
            if isinstance(clause, Phrase):
                self._phrases.setdefault(clause.words[0], []).append(clause)
            elif isinstance(clause, Term) and clause.terms[0].startswith(_AT_PATHS):
                self._terms |= dict.fromkeys(clause.terms, clause)

    def clauses(self) -> set[Phrase | Term]:
        """All of them."""
        return {*self._terms.values(), *(phrase for phrases in self._phrases.values() for phrase in phrases)}

    def phrases_of(self, text: str) -> set[Phrase | Term]:
        """The phrases that are found in a text."""
        folded = fold(text)
        if not any(word in folded for word in self._phrases):
            return set()
        return {phrase for _, phrase in self.phrases(words_of(text))}

    def phrases(self, words: Sequence[str]) -> Iterator[tuple[int, Phrase]]:
        """The phrases among these words, each with the number of words before it."""
        for place, word in enumerate(words):
            for phrase in self._phrases.get(word, ()):
                if tuple(words[place : place + len(phrase.words)]) == phrase.words:
                    yield place, phrase

    def value(self, path: str, text: str) -> Term | None:
        """The clause that means this value."""
        if not self._terms or len(text) > MOST_VALUE_CHARACTERS:
            return None
        return self._terms.get(fold(f"{path}:{text}"))


def highlights(trees: Mapping[str, Any], query: Query) -> list[Highlight]:
    """The first places in these trees, as `trees_of` gives them, where a phrase or a value of the query is found.

    Each clause that is found is shown before any of them is shown again. What must not be there is not looked for.
    """
    sought = _Sought(query)
    left = sought.clauses()
    first: list[_Place] = []
    again: list[_Place] = []
    for place in _places(trees, sought) if left else ():
        (again if left.isdisjoint(place.found) else first).append(place)
        left -= place.found
        if not left and len(first) + len(again) >= MOST_HIGHLIGHTS:
            break
    return [_highlight(place, sought) for place in (*first, *again)[:MOST_HIGHLIGHTS]]


def _places(trees: Mapping[str, Any], sought: _Sought) -> Iterator[_Place]:
    left = MOST_LOOKED_AT
    seen: set[tuple[str, str]] = set()
    for path, leaf in shallow_first({root: tree for root, tree in trees.items() if tree is not None}):
        text = leaf_text(leaf)
        term = sought.value(path, text)
        text = text[: max(left, MOST_VALUE_CHARACTERS)]
        left -= len(path) + len(text)
        found = sought.phrases_of(text) if is_text(leaf) else set()
        if term is not None:
            found.add(term)
        if found and text and (path, text) not in seen:
            seen.add((path, text))
            yield _Place(path, text, frozenset(found), term is not None)
        if left <= 0:
            return


def _highlight(place: _Place, sought: _Sought) -> Highlight:
    spans = _merged(_spans(place, sought))
    length = len(place.text)
    start = max(0, min(spans[0][0] - BEFORE_CHARACTERS, length - SNIPPET_CHARACTERS))
    end = min(length, start + SNIPPET_CHARACTERS)
    before, behind = "…" * (start > 0), "…" * (end < length)
    shift = len(before) - start
    inside = ((first + shift, min(last, end) + shift) for first, last in spans if first < end)
    return Highlight(place.path, f"{before}{place.text[start:end]}{behind}", tuple(inside))


def _spans(place: _Place, sought: _Sought) -> Iterator[Span]:
    if place.whole:
        yield 0, len(place.text)
        return
    words = word_spans(place.text)
    for first, phrase in sought.phrases([word.word for word in words]):
        yield words[first].start, words[first + len(phrase.words) - 1].end


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in their order; those that overlap as one."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first < merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged
