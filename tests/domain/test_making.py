"""What is found of an event is made of what is stored of it, up to limits."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.contexts import dump
from headrace.domain.document import Document
from headrace.domain.making import (
    MOST_CONTENT_BYTES,
    MOST_TERMS,
    MOST_VALUE_CHARACTERS,
    MakingOptions,
    make_document,
    trees_of,
)
from headrace.domain.trees import masked_of, texts_in
from headrace.domain.words import words_of
from tests.domain.finished import finished
from tests.domain.trees import TEXTS, TREES

OPTIONS = MakingOptions()

ORDER = {"type": "order.paid", "user": {"login": "Octocat", "vip": True}, "lines": [{"n": 2}, {"n": 3.5}], "note": None}


def made(payload: object, options: MakingOptions = OPTIONS, **further: Any) -> Document:
    return make_document(finished(**further), dump(payload), options)


def test_a_document_says_all_of_an_event() -> None:
    document = made(
        ORDER,
        run_number=3,
        state="failed",
        reason="node-failed",
        node="charge",
        error={"code": "card-declined", "message": "No money."},
        outputs={"classify": {"team": "North"}},
        marks=[{"index": "orders", "extra": {"season": "winter"}}],
        key="K-1",
    )
    assert (document.version, document.state, document.code, document.key) == (6, "failed", "card-declined", "K-1")
    assert orjson.loads(document.content) == {
        "payload": ORDER,
        "outputs": {"classify": {"team": "North"}},
        "error": {"code": "card-declined", "message": "No money."},
        "extra": {"season": "winter"},
    }
    assert document.words == "card declined no money order paid octocat 2 3 5 north winter"
    assert set(document.terms) == {
        "error.code:card-declined",
        "error.message:no money.",
        "payload.type:order.paid",
        "payload.user.login:octocat",
        "payload.user.vip:true",
        "payload.lines.n:2",
        "payload.lines.n:3.5",
        "payload.note:null",
        "outputs.classify.team:north",
        "extra.season:winter",
    }
    assert document.indices == ("orders",)


@pytest.mark.parametrize(
    "task_context",
    [None, "null", "[1]", '"x"', "{}", '{"nodes":null,"metadata":7}', '{"nodes":3,"metadata":{"search":1}}'],
)
def test_any_context_will_do(task_context: str | None) -> None:
    document = make_document(finished(task_context=task_context), b'{"n":1}', OPTIONS)
    assert "payload.n:1" in document.terms
    assert orjson.loads(document.content)["payload"] == {"n": 1}


@pytest.mark.parametrize("output", ["9" * 5000, '"\\ud800"', "[" * 100_000 + "]" * 100_000, "{"], ids=len)
def test_what_cannot_be_read_is_left_out_and_the_rest_found(output: str) -> None:
    found = finished(task_context=f'{{"nodes":{{"N":{output}}}}}')
    document = make_document(found, b'{"n":1}', OPTIONS)
    assert "payload.n:1" in document.terms
    assert orjson.loads(document.content)["outputs"] is None
    assert trees_of(found, b'{"n":1}', OPTIONS)["outputs"] is None


def test_a_pair_of_halves_is_a_character() -> None:
    document = make_document(finished(task_context='{"nodes":{"N":"\\ud83d\\ude00 x"}}'), b"{}", OPTIONS)
    assert "outputs.n:😀 x" in document.terms


@pytest.mark.parametrize("error", [{"code": 7}, {"message": "m"}, ["code"], "code"])
def test_an_error_without_a_code_has_none(error: object) -> None:
    assert made({}, error=error).code is None


@settings(max_examples=60, deadline=None)
@given(st.lists(TREES, max_size=6), st.integers(0, 60))
def test_the_words_are_the_first_ones_as_many_as_the_limit_lets_in(trees: list[Any], most: int) -> None:
    words = [word for text in texts_in(trees) for word in words_of(text)]
    made_words = made({"list": trees}, MakingOptions(text_bytes=most)).words
    assert len(made_words.encode()) <= most
    kept = made_words.split()
    assert kept == words[: len(kept)]
    assert kept == words or len(" ".join(words[: len(kept) + 1]).encode()) > most


@settings(max_examples=60, deadline=None)
@given(st.lists(TREES, max_size=6), st.integers(0, 60))
def test_terms_have_no_more_bytes_than_words_may_have(trees: list[Any], most: int) -> None:
    every = made({"list": trees}).terms
    terms = made({"list": trees}, MakingOptions(text_bytes=most)).terms
    assert terms == every[: len(terms)]
    assert len("\0".join(terms).encode()) <= most or not terms
    assert terms == every or len("\0".join(every[: len(terms) + 1]).encode()) > most


@pytest.mark.parametrize(("most", "count"), [(10, 0), (11, 1), (22, 1), (23, 2), (24, 2)])
def test_the_bytes_of_terms_are_counted_exactly(most: int, count: int) -> None:
    terms = made({"a": "y", "b": "z"}, MakingOptions(text_bytes=most)).terms
    assert terms == ("payload.a:y", "payload.b:z")[:count]


def test_texts_beyond_many_that_have_no_word_are_found() -> None:
    assert made({"a": ["…" * 20_000] * 9, "b": "end"}).words == "end"
    assert made({"a": "first", "b": ["…" * 20_000, "next"] * 3, "c": "end"}).words == "first next next next end"


def test_a_document_has_so_many_terms_and_the_same_one_counts_once() -> None:
    terms = made({"same": ["x"] * 9 * MOST_TERMS, "each": list(range(2 * MOST_TERMS))}).terms
    assert len(terms) == MOST_TERMS
    assert terms[0] == "payload.same:x"
    assert terms[-1] == f"payload.each:{MOST_TERMS - 2}"


def test_a_long_value_has_words_and_no_term() -> None:
    longest, longer = "x" * MOST_VALUE_CHARACTERS, "y " * MOST_VALUE_CHARACTERS
    document = made({"a": longest, "b": longer})
    assert document.terms == (f"payload.a:{longest}",)
    assert document.words.startswith(f"{longest} y y")


def test_what_has_too_many_bytes_is_left_out_of_the_content_and_found_all_the_same() -> None:
    document = made({"first": "parcel", "big": "x" * MOST_CONTENT_BYTES})
    assert orjson.loads(document.content) == {
        "error": None,
        "payload": None,
        "outputs": None,
        "extra": None,
        "cut": True,
    }
    assert "payload.first:parcel" in document.terms
    assert document.words == f"parcel {'x' * 200}"


@pytest.mark.parametrize("place", ["payload", "outputs", "error", "extra"])
@pytest.mark.parametrize("field", ["iban", "{place}.account.iban"])
def test_what_is_masked_is_in_nothing(place: str, field: str) -> None:
    value = {"account": {"IBAN": "CH9300762011623852957", "bank": "raiffeisen"}}
    trees = {place: value}
    document = made(
        trees.get("payload", {}),
        MakingOptions(masked=masked_of([field.format(place=place)])),
        outputs=trees.get("outputs", {}),
        error=trees.get("error"),
        marks=[{"extra": trees.get("extra", {})}],
    )
    for part in (document.content.decode(), document.words, " ".join(document.terms)):
        assert "ch93" not in part.lower()
        assert "raiffeisen" in part


def test_fields_that_are_marked_are_found_alone_with_what_was_added_and_the_content_is_whole() -> None:
    marks = [{"fields": ["user.login", "outputs"], "extra": {"team": "south"}}]
    document = made(ORDER, outputs={"classify": "north"}, error={"message": "no money"}, marks=marks)
    assert document.words == "octocat north south"
    assert set(document.terms) == {"payload.user.login:octocat", "outputs.classify:north", "extra.team:south"}
    assert orjson.loads(document.content)["payload"] == ORDER


def test_trees_are_what_the_content_is_made_of() -> None:
    options = MakingOptions(masked=masked_of(["login"]))
    event = finished(outputs={"n": 2**70}, error={"code": "c"}, marks=[{"extra": {"a": 1}, "fields": ["user.vip"]}])
    trees = trees_of(event, dump(ORDER), options)
    assert dump(trees) == make_document(event, dump(ORDER), options).content
    assert trees["payload"]["user"] == {"login": "***", "vip": True}


def test_a_body_may_nest_deep() -> None:
    depth = 800
    body = b'{"a":' * depth + b'"parcel"' + b"}" * depth
    for options in (OPTIONS, MakingOptions(masked=masked_of(["secret"]))):
        document = make_document(finished(marks=[{"fields": ["a.b", "a.a"]}]), body, options)
        assert document.words == ("parcel" if options is OPTIONS else "")


@given(TEXTS)
def test_every_word_and_every_value_is_there(text: str) -> None:
    document = made({"note": text})
    assert document.words.split(" ") == words_of(text) or not document.words
    assert len(document.terms) == (len(text) <= MOST_VALUE_CHARACTERS)
