"""Where in an event lies what is asked for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.highlights import MOST_HIGHLIGHTS, MOST_LOOKED_AT, SNIPPET_CHARACTERS, Highlight, highlights
from headrace.domain.making import MOST_VALUE_CHARACTERS
from headrace.domain.query import Not, Phrase, Query, Term
from headrace.domain.query_language import parse_query
from headrace.domain.trees import is_text, leaf_text, shallow_first
from headrace.domain.words import fold, words_of
from tests.domain.trees import ROOTED


def found(query: str, **trees: Any) -> list[Highlight]:
    return highlights({"payload": None, "outputs": None, "error": None, "extra": None, **trees}, parse_query(query))


def marked(query: str, **trees: Any) -> list[str]:
    """Each place as `path: text`, with brackets around what was sought."""
    return [f"{place.path}: {bracketed(place)}" for place in found(query, **trees)]


def bracketed(place: Highlight) -> str:
    text = place.text
    for first, last in reversed(place.spans):
        text = f"{text[:first]}[{text[first:last]}]{text[last:]}"
    return text


ORDER = {"note": "The PARCEL was lost.", "user": {"login": "octocat"}, "n": 4.0, "paid": True, "tags": ["lost", "x"]}


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("parcel", ["payload.note: The [PARCEL] was lost."]),
        ('"parcel was"', ["payload.note: The [PARCEL was] lost."]),
        ("lost", ["payload.note: The PARCEL was [lost].", "payload.tags: [lost]"]),
        ("the lost", ["payload.note: [The] PARCEL was [lost].", "payload.tags: [lost]"]),
        ("payload.user.login:octocat", ["payload.user.login: [octocat]"]),
        ("payload.n:4", ["payload.n: [4.0]"]),
        ("payload.paid:true", ["payload.paid: [true]"]),
        ("4", ["payload.n: [4].0"]),
        ("parcel -lost", ["payload.note: The [PARCEL] was lost."]),
        ("-lost", []),
        ("true", []),
        ("lost payload.user.login:nobody", ["payload.note: The PARCEL was [lost].", "payload.tags: [lost]"]),
        ("state:failed created:2026", []),
        ("", []),
        ('"lost x"', []),
    ],
)
def test_words_phrases_and_values_are_shown_where_they_are(query: str, places: list[str]) -> None:
    assert marked(query, payload=ORDER) == places


def test_all_of_an_event_is_looked_through() -> None:
    trees = {"payload": {"a": "x1 lost"}, "outputs": {"n": "x2 lost"}, "error": {"message": "x3 lost"}}
    assert {place.partition(":")[0] for place in marked("lost", **trees, extra={"e": "lost"})} == {
        "payload.a",
        "outputs.n",
        "error.message",
        "extra.e",
    }


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    text = "ﬁne: GROSSE Straße, e\u0301t\u00e9 ﷺ ende"
    assert marked("strasse", payload={"a": text}) == ["payload.a: ﬁne: GROSSE [Straße], e\u0301t\u00e9 ﷺ ende"]
    assert marked("\u00e9t\u00e9 fine", payload={"a": text}) == [
        "payload.a: [ﬁne]: GROSSE Straße, [e\u0301t\u00e9] ﷺ ende"
    ]
    assert marked("الله ende", payload={"a": text}) == ["payload.a: ﬁne: GROSSE Straße, e\u0301t\u00e9 [ﷺ] [ende]"]
    assert marked("本語", payload={"a": "日本語"}) == ["payload.a: 日[本語]"]


def test_what_overlaps_is_one() -> None:
    assert marked('"a b" "b c" "d e"', payload={"t": "a b c d e"}) == ["payload.t: [a b c] [d e]"]
    assert marked('payload.t:"a b" b', payload={"t": "a b"}) == ["payload.t: [a b]"]


def test_a_long_text_is_cut_around_the_first_place() -> None:
    text = f"{'a ' * 300}lost {'b ' * 20}lost {'c ' * 300}lost"
    [place] = found("lost", payload={"t": text})
    assert place.text == f"…{'a ' * 20}lost {'b ' * 20}lost {'c ' * 35}…"
    assert bracketed(place).count("[lost]") == 2
    assert len(place.text) == SNIPPET_CHARACTERS + 2
    [place] = found("lost", payload={"t": "lost" + " b" * 200})
    assert (place.text[:6], place.text[-1], place.spans) == ("lost b", "…", ((0, 4),))
    [place] = found("lost", payload={"t": "b " * 200 + "lost"})
    assert (place.text[0], bracketed(place)[-7:]) == ("…", " [lost]")
    [place] = found("x" * 300, payload={"t": "a " + "x" * 1000})
    assert bracketed(place) == f"a [{'x' * (SNIPPET_CHARACTERS - 2)}]…"


def test_each_clause_is_shown_before_one_is_shown_again() -> None:
    payload = {**{f"k{number}": f"common {number}" for number in range(20)}, "deep": {"er": "rare"}}
    shown = marked("common rare", payload=payload)
    assert shown[:2] == ["payload.k0: [common] 0", "payload.deep.er: [rare]"]
    assert shown[2:] == [f"payload.k{number}: [common] {number}" for number in (1, 2, 3)]
    assert len(shown) == MOST_HIGHLIGHTS


def test_the_same_text_at_the_same_path_is_shown_once() -> None:
    assert marked("bug", payload={"labels": ["bug", "bug", "a bug", "bug"]}) == [
        "payload.labels: [bug]",
        "payload.labels: a [bug]",
    ]


def test_only_so_much_of_an_event_is_looked_through() -> None:
    long = "a " * MOST_LOOKED_AT
    assert marked("end", payload={"first": f"end {long}", "second": "end"})[0].startswith("payload.first: [end]")
    assert marked("end", payload={"first": f"{long} end", "second": "end"}) == []
    assert marked("end", payload={"list": ["x" * 100] * 2000, "deep": {"er": "end"}}) == []


@settings(max_examples=60, deadline=None)
@given(ROOTED, st.data())
def test_what_is_shown_is_what_was_asked_for(trees: dict[str, Any], data: st.DataObject) -> None:
    leaves = list(shallow_first(trees))
    words = [word for _, leaf in leaves if is_text(leaf) for word in words_of(leaf_text(leaf))]
    terms = [fold(f"{path}:{leaf_text(leaf)}") for path, leaf in leaves]
    clauses = [Phrase((word,)) for word in words] + [Term((term,)) for term in terms]
    asked = data.draw(st.lists(st.sampled_from(clauses), max_size=3) if clauses else st.just([]))
    unasked = data.draw(st.lists(st.sampled_from(clauses), max_size=2) if clauses else st.just([]))
    places = highlights(trees, Query((*asked, *(Not(clause) for clause in unasked))))
    sought = {word for clause in asked if isinstance(clause, Phrase) for word in clause.words}
    values = {term for clause in asked if isinstance(clause, Term) for term in clause.terms}
    texts = [(path, leaf_text(leaf)) for path, leaf in leaves]
    shown = [
        text for path, text in texts if 0 < len(text) <= MOST_VALUE_CHARACTERS and fold(f"{path}:{text}") in values
    ]
    assert bool(places) == bool(sought or shown)
    assert len(places) <= MOST_HIGHLIGHTS
    for place in places:
        assert place.spans
        assert len(place.text) <= SNIPPET_CHARACTERS + 2
        for first, last in place.spans:
            assert 0 <= first < last <= len(place.text)
            part = place.text[first:last]
            assert sought.intersection(words_of(part)) or fold(f"{place.path}:{part}") in values
        assert all(before[1] <= behind[0] for before, behind in zip(place.spans, place.spans[1:], strict=False))
