"""The language in which users search: what a text asks for, or where it is wrong.

Blanks stand between clauses, all of which must hold: a `word`, a `"phrase"`, a `field:value`, each with a `-` before it
where it must not hold. Nothing else has a meaning of its own.
"""

import difflib
import math
import re
from decimal import Decimal
from unicodedata import category

from headrace.domain.ids import parse_id
from headrace.domain.making import MOST_VALUE_CHARACTERS
from headrace.domain.query import NAMES, ROOTS, TIMES, Between, Not, Phrase, Query, Term
from headrace.domain.query_text import Piece, is_field, pieces_of
from headrace.domain.query_times import between
from headrace.domain.states import FINISHED, EventState
from headrace.domain.trees import MOST_PATH_CHARACTERS, leaf_text
from headrace.domain.words import fold, words_of
from headrace.errors import InvalidQuery

#: A query has so many characters at most, so many clauses, and in each phrase so many words.
MOST_CHARACTERS, MOST_CLAUSES, MOST_PHRASE_WORDS = 1000, 30, 100

#: A whole number with more digits is found as it is written alone.
_MOST_DIGITS = 40

#: A number as JSON writes it.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)

#: Control characters, and halves of characters, as a command line may have them.
_FORBIDDEN = ("Cc", "Cs")


def parse_query(text: str) -> Query:
    """What a text asks for; without a word, every event. Raises InvalidQuery, whatever the text."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidQuery(f"a query has at most {MOST_CHARACTERS:,} characters", MOST_CHARACTERS)
    for place, character in enumerate(text):
        if category(character) in _FORBIDDEN:
            raise InvalidQuery("a control character is not allowed", place)
    clauses: list[Phrase | Term | Between | Not] = []
    for piece in pieces_of(text):
        if len(clauses) == MOST_CLAUSES:
            raise InvalidQuery(f"a query has at most {MOST_CLAUSES} words, phrases and fields", piece.position)
        clause = _clause(piece)
        clauses.append(Not(clause) if piece.negated else clause)
    return Query(tuple(clauses))


def _clause(piece: Piece) -> Phrase | Term | Between:
    if piece.field is None:
        return _phrase(piece)
    if not is_field(piece.field):
        raise InvalidQuery(_no_field(piece.field), piece.position)
    name = fold(piece.field)
    if name in TIMES:
        try:
            return between(name, piece.text)
        except ValueError as error:
            raise InvalidQuery(str(error), piece.text_position) from None
    return _named(name, piece) if name in NAMES else _at_path(piece.field, piece)


def _phrase(piece: Piece) -> Phrase:
    words = words_of(piece.text)
    if not words:
        raise InvalidQuery("there is no letter and no digit to look for", piece.position)
    if len(words) > MOST_PHRASE_WORDS:
        raise InvalidQuery(f"a phrase has at most {MOST_PHRASE_WORDS} words", piece.position)
    return Phrase(tuple(words))


def _named(name: str, piece: Piece) -> Term:
    text = piece.text
    if name == "state" and fold(text) not in FINISHED:
        finished = ", ".join(state for state in EventState if state in FINISHED)
        raise InvalidQuery(
            f"a finished event has one of the states {finished}; others are not searched", piece.text_position
        )
    if name == "id":
        event_id = parse_id(text)
        if event_id is None:
            raise InvalidQuery("an id is a UUID", piece.text_position)
        text = str(event_id)
    return Term((fold(f"{name}:{text}"),))


def _at_path(path: str, piece: Piece) -> Term:
    """The terms of a value, as `make_document` makes them; of a number that is not quoted, in each spelling."""
    if len(path) > MOST_PATH_CHARACTERS:
        raise InvalidQuery(f"a path is found by up to {MOST_PATH_CHARACTERS} characters", piece.position)
    if len(piece.text) > MOST_VALUE_CHARACTERS:
        fault = f"a value is found by up to {MOST_VALUE_CHARACTERS} characters; look for its words instead"
        raise InvalidQuery(fault, piece.text_position)
    texts = [piece.text] if piece.quoted else [piece.text, *_spellings(piece.text)]
    return Term(tuple(dict.fromkeys(fold(f"{path}:{text}") for text in texts)))


def _spellings(text: str) -> list[str]:
    """How a number may be written in a term; of anything else none."""
    if not _NUMBER.fullmatch(text) or math.isinf(number := float(text)):
        return []
    exact = Decimal(text)
    if exact.adjusted() >= _MOST_DIGITS or exact != exact.to_integral_value():
        return [leaf_text(number)]
    whole = int(exact)
    # A number with a point or an exponent is stored as the nearest one that 64 bits hold.
    near = whole == number or not text.removeprefix("-").isdigit()
    return [str(whole), leaf_text(number)] if near else [str(whole)]


def _no_field(name: str) -> str:
    root, dot, rest = fold(name).partition(".")
    if dot:
        close = difflib.get_close_matches(root, ROOTS, n=1)
        meant = f"{close[0]}.{rest}" if close else f"payload.{name}"
    elif root in ROOTS:
        meant = f"{root}.name"
    else:
        meant = next(iter(difflib.get_close_matches(root, (*NAMES, *TIMES), n=1)), f"payload.{name}")
    return (
        f"there is no field {name[:100]}; perhaps {meant[:100]} is meant. There are {', '.join((*NAMES, *TIMES))}, and "
        f"paths that begin with {', '.join(ROOTS)} and a dot. A text with a colon goes into quotes"
    )
