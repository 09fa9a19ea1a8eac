"""What a text asks for."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from headrace.domain.document import named_terms
from headrace.domain.making import MOST_VALUE_CHARACTERS, MakingOptions, make_document
from headrace.domain.query import NAMES, Between, Clause, Not, Phrase, Query, Term
from headrace.domain.query_language import MOST_CHARACTERS, MOST_CLAUSES, MOST_PHRASE_WORDS, parse_query
from headrace.domain.trees import MOST_PATH_CHARACTERS, leaf_text, shallow_first
from headrace.domain.words import fold, words_of
from headrace.errors import InvalidQuery
from tests.domain.finished import finished
from tests.domain.trees import ROOTED, TEXTS

ID = UUID("0193a0b0-0000-7000-8000-00000000abcd")

#: Texts made of what has a meaning in the language.
TANGLES = st.lists(
    st.sampled_from(
        [*NAMES, *'-":\\.*?~()<>= \u3000', "payload.", "created:", "finished:", ">=", "..", "2026-11", "failed", "1e5"]
    )
    | TEXTS
).map("".join)


def clause_of(text: str) -> Clause:
    """The one clause of a query."""
    [clause] = parse_query(text).clauses
    return clause


def fault_of(text: str) -> str:
    """What is told of a query that is wrong."""
    with pytest.raises(InvalidQuery) as caught:
        parse_query(text)
    return caught.value.detail


def parsed(text: str) -> Query | InvalidQuery:
    """What comes of a text; anything else that is raised fails the test."""
    try:
        return parse_query(text)
    except InvalidQuery as error:
        return error


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("text", ["", " ", "   \u3000 "])
def test_nothing_asks_for_everything(text: str) -> None:
    assert parse_query(text) == Query(())


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("refund parcel", [Phrase(("refund",)), Phrase(("parcel",))]),
        ("  Refund\u3000PARCEL ", [Phrase(("refund",)), Phrase(("parcel",))]),
        ("octo@github.com", [Phrase(("octo", "github", "com"))]),
        ('"The parcel, lost"', [Phrase(("the", "parcel", "lost"))]),
        (r'"a \"b\" \\ c\d"', [Phrase(("a", "b", "c", "d"))]),
        ("-lost", [Not(Phrase(("lost",)))]),
        ('-"was lost" e-mail', [Not(Phrase(("was", "lost"))), Phrase(("e", "mail"))]),
        ("-state:failed", [Not(Term(("state:failed",)))]),
        ("-created:>=2026-11", [Not(Between("created", datetime(2026, 11, 1, tzinfo=UTC), None))]),
        ("or AND not", [Phrase(("or",)), Phrase(("and",)), Phrase(("not",))]),
        ("(te?t* te~2)", [Phrase(("te", "t")), Phrase(("te", "2"))]),
        ("a+b&c|d", [Phrase(("a", "b", "c", "d"))]),
        ("10:30 2026-11-29T10:00:00Z", [Phrase(("10", "30")), Phrase(("2026", "11", "29t10", "00", "00z"))]),
        ("https://x.example/y?a:b", [Phrase(("https", "x", "example", "y", "a", "b"))]),
        ("-s3://bucket", [Not(Phrase(("s3", "bucket")))]),
        ("日本", [Phrase(("日", "本"))]),
        ("Straße", [Phrase(("strasse",))]),
    ],
)
def test_words_and_phrases(text: str, clauses: list[Clause]) -> None:
    assert parse_query(text) == Query(tuple(clauses))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("state:failed", ["state:failed"]),
        ("State:FAILED", ["state:failed"]),
        ("type:Order.Paid", ["type:order.paid"]),
        ("key:K-1", ["key:k-1"]),
        ('subject:"two words"', ["subject:two words"]),
        ("source:https://shop.example/a", ["source:https://shop.example/a"]),
        ("key://x", ["key://x"]),
        (f"id:{str(ID).upper()}", [f"id:{ID}"]),
        (f"id:{ID.hex}", [f"id:{ID}"]),
        ("payload.user.login:Octocat", ["payload.user.login:octocat"]),
        ("outputs.Node.field:x", ["outputs.node.field:x"]),
        ("error.code:card-declined", ["error.code:card-declined"]),
        ('extra.x:"a: \\"b\\" c"', ['extra.x:a: "b" c']),
        ('"payload.a key":v', ["payload.a key:v"]),
        ('"payload.a:\\"b\\"":"v w"', ['payload.a:"b":v w']),
        ("payload.url:https://x.example", ["payload.url:https://x.example"]),
        ('payload.note:""', ["payload.note:"]),
        ("payload.paid:true", ["payload.paid:true"]),
        ("payload.:x", ["payload.:x"]),
    ],
)
def test_values_of_fields(text: str, terms: list[str]) -> None:
    assert clause_of(text) == Term(tuple(terms))


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("4", ["4", "4.0"]),
        ("4.0", ["4.0", "4"]),
        ("-4.00", ["-4.00", "-4", "-4.0"]),
        ("1E3", ["1e3", "1000", "1000.0"]),
        ("0.50", ["0.50", "0.5"]),
        ("1e39", ["1e39", "1" + "0" * 39, "1e+39"]),
        ("1e300", ["1e300", "1e+300"]),
        ("9007199254740993", ["9007199254740993"]),
        ("1" * 60, ["1" * 60, "1.1111111111111112e+59"]),
        ('"4.0"', ["4.0"]),
        ("007", ["007"]),
        ("1e999", ["1e999"]),
        ("1_000", ["1_000"]),
        ("nan", ["nan"]),
        ("\u0664", ["\u0664"]),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str, spellings: list[str]) -> None:
    assert clause_of(f"payload.n:{text}") == Term(tuple(f"payload.n:{spelling}" for spelling in spellings))


@pytest.mark.parametrize("written", ["4", "4.0", "4e0", "0.4E1", "40e-1"])
@pytest.mark.parametrize("asked", ["4", "4.0", "4e0", "0.4E1", "40e-1"])
def test_a_number_is_found_however_it_was_written(written: str, asked: str) -> None:
    document = make_document(finished(), f'{{"n":{written}}}'.encode(), MakingOptions())
    clause = clause_of(f"payload.n:{asked}")
    assert isinstance(clause, Term)
    assert set(clause.terms) & set(document.terms)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("parcel *", "At character 8: there is no letter and no digit to look for."),
        ('""', "At character 1: there is no letter and no digit to look for."),
        ("-", "At character 2: behind a - stands what is not to be found"),
        ("- lost", "At character 2: behind a - stands what is not to be found"),
        ("--lost", "At character 2: behind a - stands what is not to be found"),
        ('"lost', 'At character 1: a " is not closed.'),
        ('key:"lost', 'At character 5: a " is not closed.'),
        ('lo"st"', 'At character 3: there is a blank missing before or behind the "'),
        ('"lo"st', 'At character 5: there is a blank missing before or behind the "'),
        ('key:a"b"', 'At character 6: there is a blank missing before or behind the "'),
        ("a key: b", "At character 3: the field key has no value"),
        ("a\tb", "At character 2: a control character is not allowed."),
        ("a\udc80", "At character 2: a control character is not allowed."),
        ("state:running", "At character 7: a finished event has one of the states succeeded, failed, cancelled"),
        ("id:7", "At character 4: an id is a UUID."),
        ("stat:failed", "At character 1: there is no field stat; perhaps state is meant."),
        ("a -create:2026", "At character 3: there is no field create; perhaps created is meant."),
        ("user.login:octocat", "there is no field user.login; perhaps payload.user.login is meant."),
        ("output.n:1", "there is no field output.n; perhaps outputs.n is meant."),
        ("error:timeout", "there is no field error; perhaps error.name is meant."),
        ("colour:red", "there is no field colour; perhaps payload.colour is meant."),
        ("Note: hello", "At character 1: the field Note has no value; a text that ends in a colon is quoted"),
        (f"payload.a:{'x' * (MOST_VALUE_CHARACTERS + 1)}", "At character 11: a value is found by up to 200 characters"),
        (f"payload.{'x' * MOST_PATH_CHARACTERS}:a", "At character 1: a path is found by up to 500 characters"),
        ("created:yesterday", "At character 9: 'yesterday' is no time: write 2026-11-29, 2026-11 or"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, fault: str) -> None:
    assert fault in fault_of(text)


def test_an_unknown_field_is_told_what_fields_there_are() -> None:
    told = fault_of("stat:failed")
    assert "There are id, type, state, reason, node, code, key, source, subject, release, created, finished" in told
    assert "paths that begin with payload, outputs, error, extra and a dot" in told
    assert "A text with a colon goes into quotes." in told


def test_a_fault_is_one_of_the_parameter_q() -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_query("a *")
    [problem] = caught.value.problems
    assert (problem.pointer, problem.code, problem.detail) == ("q", "invalid-query", caught.value.detail)
    assert caught.value.position == 2


def test_a_query_has_limits() -> None:
    parse_query("x" * MOST_CHARACTERS)
    assert "at most 1,000 characters" in fault_of("x" * (MOST_CHARACTERS + 1))
    parse_query("x " * MOST_CLAUSES)
    assert f"At character {2 * MOST_CLAUSES + 1}: a query has at most 30" in fault_of("x " * (MOST_CLAUSES + 1))
    parse_query("a." * MOST_PHRASE_WORDS)
    assert "a phrase has at most 100 words" in fault_of("a." * (MOST_PHRASE_WORDS + 1))
    assert "a phrase has at most 100 words" in fault_of("\ufdfa" * 40)


@settings(deadline=None)
@given(TANGLES | st.text())
@example("created:.." + "2026" * 3)
@example('-"')
@example(":")
def test_any_text_is_understood_or_refused_with_a_place_in_it(text: str) -> None:
    found = parsed(text)
    if isinstance(found, InvalidQuery):
        assert 0 <= found.position <= len(text)
        return
    assert len(found.clauses) <= MOST_CLAUSES
    for clause in found.clauses:
        match clause.clause if isinstance(clause, Not) else clause:
            case Phrase(words=sought) | Term(terms=sought):
                assert sought
            case Between(first=first, end=end):
                assert first or end


@given(TEXTS)
def test_each_word_of_a_text_asks_for_itself(text: str) -> None:
    for word in words_of(text):
        assert clause_of(word) == Phrase((word,))


@given(TEXTS)
def test_a_quoted_text_asks_for_the_words_that_a_document_has_of_it(text: str) -> None:
    words = words_of(text)
    assume(words and not re.search(r"[\x00-\x1f\x7f-\x9f]", text) and len(words) <= MOST_PHRASE_WORDS)
    assert clause_of(quoted(text)) == Phrase(tuple(words))
    assert " ".join(words) == make_document(finished(), f'{{"a":{quoted(text)}}}'.encode(), MakingOptions()).words


@settings(max_examples=60, deadline=None)
@given(ROOTED)
def test_every_value_can_be_asked_for_by_its_path(trees: dict[str, Any]) -> None:
    for path, leaf in shallow_first(trees):
        text = leaf_text(leaf)
        if re.search(r"[\x00-\x1f\x7f-\x9f]", path + text) or len(path + text) > 200:
            continue
        term = fold(f"{path}:{text}")
        assert clause_of(f"{quoted(path)}:{quoted(text)}") == Term((term,))
        if not re.search(r'[\s":]', path + text) and text:
            bare = clause_of(f"{path}:{text}")
            assert isinstance(bare, Term)
            assert bare.terms[0] == term


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"state", "id"}])
@settings(max_examples=30, deadline=None)
@given(value=TEXTS.filter(str.strip))
def test_every_field_of_an_event_can_be_asked_for(name: str, value: str) -> None:
    assume(not re.search(r"[\x00-\x1f\x7f-\x9f]", value))
    error = {"code": value} if name == "code" else None
    event = finished(error=error) if name == "code" else finished(**{name: value})
    document = make_document(event, b"{}", MakingOptions())
    clause = clause_of(f"{name}:{quoted(value)}")
    assert isinstance(clause, Term)
    assert set(clause.terms) <= set(named_terms(document))
