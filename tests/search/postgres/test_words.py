"""Words that mean something to Postgres elsewhere, and those that are too many or too long for it."""

import pytest

from headrace.domain.query import Not, Phrase
from headrace.search.postgres.words import MOST_TEXT_BYTES
from tests.search.places import Place, document

HOSTILE = (
    "'",
    "''",
    "\\",
    "\\'",
    "'':1",
    "a:1",
    "a:*",
    "a:1a,2b",
    "&",
    "|",
    "!",
    "!a",
    "<->",
    "<2>",
    "(",
    ")",
    '"',
    "{}",
    "{a,b}",
    "%s",
    "%(words)s",
    "$1",
    "--",
    "/*",
    ";",
    "null",
    "the",
    "running",
    "\u2028",
    "\u00a0",
    "\t",
    "\n",
    "😀",
    "größe",
    "x" * 2046,
    "y" * 2047,
    "😀" * 600,
)


@pytest.fixture
def place(postgres18_place: Place) -> Place:
    return postgres18_place


async def test_a_word_is_nothing_but_itself(place: Place) -> None:
    documents = {word: document(words=f"before {word} after") for word in HOSTILE}
    await place.add(*documents.values())
    for word, one in documents.items():
        assert await place.found(Phrase((word,))) == [one.event_id], word
        assert await place.found(Phrase(("before", word, "after"))) == [one.event_id], word
        assert len(await place.found(Not(Phrase((word,))))) == len(HOSTILE) - 1, word
        assert await place.found(Phrase(("after", word))) == [], word


async def test_all_of_them_in_one_text_stay_apart(place: Place) -> None:
    one = document(words=" ".join(HOSTILE[:-3]))
    await place.add(one)
    assert await place.found(Phrase(HOSTILE[:-3])) == [one.event_id]
    assert await place.found(Phrase((HOSTILE[0], HOSTILE[2]))) == []
    assert list(await place.copy.differing([one])) == []


@pytest.mark.parametrize("words", [(), ("",), ("here", ""), ("\x00",), ("here\x00",), ("\ud800",)], ids=repr)
async def test_what_no_text_can_hold_is_not_found(place: Place, words: tuple[str, ...]) -> None:
    one = document(words="here")
    await place.add(one)
    assert await place.found(Phrase(words)) == []
    assert await place.found(Not(Phrase(words))) == [one.event_id]


async def test_words_are_not_changed_as_those_of_a_language_are(place: Place) -> None:
    await place.add(document(words="the running dogs"))
    assert len(await place.found(Phrase(("the",)))) == 1
    assert await place.found(Phrase(("dog",))) == []
    assert await place.found(Phrase(("run",))) == []


async def test_of_a_long_text_the_first_bytes_are_found(place: Place) -> None:
    whole = "ab " * (MOST_TEXT_BYTES // 3)
    inside, beyond = document(words=f"{whole}z"), document(words=f"{whole}zzz")
    await place.add(inside, beyond)
    assert await place.found(Phrase(("z",))) == [inside.event_id]
    assert await place.found(Phrase(("zzz",))) == []
    assert len(await place.found(Phrase(("ab",)))) == 2
    assert list(await place.copy.differing([inside, beyond])) == []


async def test_each_word_of_a_text_of_shortest_words_has_its_place(place: Place) -> None:
    letters = [chr(ord("a") + number % 26) for number in range(MOST_TEXT_BYTES // 2 - 1)]
    one = document(words=" ".join([*letters, "0"]))
    await place.add(one)
    assert await place.found(Phrase((letters[-1], "0"))) == [one.event_id]
    assert await place.found(Phrase((letters[-2], "0"))) == []


async def test_blanks_that_are_too_many_are_no_words(place: Place) -> None:
    one = document(words="  here  there ")
    await place.add(one)
    assert await place.found(Phrase(("here", "there"))) == [one.event_id]
