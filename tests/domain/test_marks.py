"""What a context's metadata asks of the search copy."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.marks import MOST_MARKS, Marks, is_index_name, marks_of, whole_path
from tests.domain.trees import TREES


def test_all_marks_count_as_one() -> None:
    marks = [
        {"index": "orders", "fields": ["user.login", "error.code"], "extra": {"team": "north", "n": 1}},
        {"index": None, "fields": None, "extra": {}},
        {"index": "all", "fields": ["outputs"], "extra": {"n": 2}},
        {"index": "orders"},
    ]
    assert marks_of({"search": marks, "nodes": {}}) == Marks(
        ("orders", "all"),
        frozenset({"payload.user.login", "error.code", "outputs"}),
        {"team": "north", "n": 2},
    )


def test_fields_that_name_none_are_not_all_fields() -> None:
    assert marks_of({"search": [{"fields": []}]}) == Marks(fields=frozenset())
    assert marks_of({"search": [{"fields": None}]}) == Marks()


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        "search",
        {},
        {"search": None},
        {"search": {"index": "orders"}},
        {"search": "orders"},
        {"search": [None, 7, ["orders"], "orders"]},
        {"search": [{"index": 7, "fields": "subject", "extra": ["x"]}]},
        {"search": [{"index": "No Name", "extra": {}}]},
    ],
)
def test_what_is_no_mark_is_passed_over(metadata: object) -> None:
    assert marks_of(metadata) == Marks()


@settings(max_examples=60, deadline=None)
@given(TREES, st.lists(TREES, max_size=3))
def test_no_metadata_is_too_strange(metadata: Any, found: list[Any]) -> None:
    for strange in (metadata, {"search": metadata}, {"search": [{"index": each} for each in found]}):
        marks_of(strange)
    mark = dict.fromkeys(("index", "fields", "extra"), metadata)
    marks = marks_of({"search": [mark, *found]})
    assert all(is_index_name(name) for name in marks.indices)


def test_only_the_first_marks_count() -> None:
    marks = [{"index": f"i{number}"} for number in range(MOST_MARKS + 5)]
    assert marks_of({"search": marks}).indices == tuple(f"i{number}" for number in range(MOST_MARKS))


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        ("orders", True),
        ("orders-2026.v2_x", True),
        ("0", True),
        ("a" * 100, True),
        ("a" * 101, False),
        ("", False),
        ("Orders", False),
        ("-orders", False),
        (".orders", False),
        ("a b", False),
        ("a,b", False),
        ("a*", False),
        ("a\n", False),
        ("größe", False),
    ],
)
def test_an_index_has_a_name_of_small_letters(name: str, may_be: bool) -> None:
    assert is_index_name(name) == may_be


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("subject", "payload.subject"),
        ("payload.subject", "payload.subject"),
        ("payload", "payload"),
        ("outputs.classify", "outputs.classify"),
        ("error", "error"),
        ("errors.x", "payload.errors.x"),
    ],
)
def test_a_path_without_a_root_lies_in_the_payload(path: str, whole: str) -> None:
    assert whole_path(path) == whole
