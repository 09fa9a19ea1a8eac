"""Texts become words."""

import pytest
from hypothesis import given

from headrace.domain.words import MOST_WORD_CHARACTERS, fold, word_spans, words_in, words_of
from tests.domain.trees import TEXTS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The parcel, it was LOST!", ["the", "parcel", "it", "was", "lost"]),
        ("octo@github.com", ["octo", "github", "com"]),
        ("snake_case kebab-case", ["snake_case", "kebab", "case"]),
        ("4.50 -7", ["4", "50", "7"]),
        ("Straße \uff26\uff35\uff2c\uff2c ﬁne", ["strasse", "full", "fine"]),
        ("日本語のテキスト", list("日本語のテキスト")),
        ("ﾃｷｽﾄ ｶﾞ", ["テ", "キ", "ス", "ト", "ガ"]),
        ("v2とβ版", ["v2", "と", "β", "版"]),
        ("한국어 검색", ["한국어", "검색"]),
        ("e\u0301t\u00e9", ["\u00e9t\u00e9"]),
        ("ﷺ", ["صلى", "الله", "عليه", "وسلم"]),
        ("🙂 … — \n", []),
        ("", []),
    ],
)
def test_a_text_is_split_where_neither_letters_nor_digits_nor_underscores_stand(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert [word.word for word in word_spans(text)] == words


def test_a_very_long_word_is_cut() -> None:
    for letter in ("x", "ж"):
        cut = letter * MOST_WORD_CHARACTERS
        assert words_of(f"a {letter * 1000} b") == ["a", cut, "b"]
        assert word_spans(f"a {letter * 1000} b")[1] == (cut, 2, 1002)


@given(TEXTS)
def test_a_word_of_a_text_is_a_word_by_itself(text: str) -> None:
    for word in words_of(text):
        assert words_of(word) == [word]
        assert fold(word) == word


@given(TEXTS, TEXTS)
def test_texts_have_the_same_words_together_as_each_by_itself(one: str, other: str) -> None:
    assert words_in([one, other, one]) == [*words_of(one), *words_of(other), *words_of(one)]


@given(TEXTS)
def test_upper_and_lower_case_make_no_difference(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert words_of(fold(text)) == words_of(text)


@given(TEXTS)
def test_words_are_found_at_their_places_in_the_text_as_it_is(text: str) -> None:
    spans = word_spans(text)
    assert [span.word for span in spans] == words_of(text)
    for word, start, end in spans:
        assert 0 <= start < end <= len(text)
        assert word in "".join(words_of(text[start:end]))
    assert spans == sorted(spans, key=lambda span: (span.start, span.end))


def test_places_count_the_characters_of_the_text_and_not_of_its_folded_form() -> None:
    text = "ﬁne Straße, e\u0301t\u00e9 ﷺ END"
    assert [(text[span.start : span.end], span.word) for span in word_spans(text)] == [
        ("ﬁne", "fine"),
        ("Straße", "strasse"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("ﷺ", "صلى"),
        ("ﷺ", "الله"),
        ("ﷺ", "عليه"),
        ("ﷺ", "وسلم"),
        ("END", "end"),
    ]
