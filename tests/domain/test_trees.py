"""Decoded JSON, leaf by leaf and without some of its fields."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain.trees import (
    DEEPEST,
    MOST_PATH_CHARACTERS,
    Masked,
    leaf_text,
    masked,
    masked_of,
    shallow_first,
    texts_in,
    within,
)

KEYS = st.sampled_from("abcd")

PAYLOAD = {
    "user": {"login": "octocat", "Token": "t-1", "addresses": [{"city": "Bern"}, {"city": "Oslo", "token": 7}]},
    "password": {"old": "a", "new": "b"},
    "count": 3,
}


def nested(depth: int, inner: Any = "deep") -> Any:
    """Objects and arrays in turn, so deep."""
    for level in range(depth):
        inner = [inner] if level % 2 else {"a": inner}
    return inner


def test_texts_come_in_their_order_and_without_what_has_no_words() -> None:
    tree = {"b": ["one", {"c": 2, "d": None}], "a": [True, 3.5, "four"], "e": {}}
    assert list(texts_in(tree)) == ["one", "2", "3.5", "four"]


def test_what_lies_shallow_comes_first_with_the_path_of_its_keys() -> None:
    tree = {"deep": {"er": {"x": 1}}, "list": ["a", {"b": None}, ["c"]], "flag": True}
    assert list(shallow_first({"payload": tree})) == [
        ("payload.flag", True),
        ("payload.list", "a"),
        ("payload.deep.er.x", 1),
        ("payload.list.b", None),
        ("payload.list", "c"),
    ]


@pytest.mark.parametrize(
    ("leaf", "text"),
    [("x", "x"), (4, "4"), (4.0, "4.0"), (1e22, "1e+22"), (True, "true"), (None, "null"), (2**70, str(2**70))],
)
def test_a_single_value_is_written_as_in_json(leaf: Any, text: str) -> None:
    assert leaf_text(leaf) == text


def test_a_path_that_is_too_long_is_passed_over_with_all_below() -> None:
    longest = "k" * (MOST_PATH_CHARACTERS - len("payload."))
    tree = {longest: {"": 1}, f"{longest}k": {"x": [2]}, "n": 3, f"{longest}": [4]}
    assert list(shallow_first({"payload": tree})) == [("payload.n", 3), (f"payload.{longest}", 4)]


@pytest.mark.parametrize("depth", [250, 400, 900])
def test_no_depth_is_too_much(depth: int) -> None:
    tree, path = nested(depth), "payload" + ".a" * (depth // 2)
    assert list(texts_in(tree)) == ["deep"]
    assert list(shallow_first({"payload": tree})) == ([(path, "deep")] if len(path) <= MOST_PATH_CHARACTERS else [])
    assert ("deep" in texts_in(masked(tree, "payload", masked_of(["secret", "a.secret"])))) == (depth <= DEEPEST)
    assert (within(tree, "payload", {path}) is not None) == (depth <= DEEPEST)
    assert within(tree, "payload", {"payload"}) is tree


def test_a_masked_name_is_masked_at_any_depth_and_in_any_case_with_all_below() -> None:
    fields = masked_of(["token", "PASSWORD"])
    assert masked(PAYLOAD, "payload", fields) == {
        "user": {"login": "octocat", "Token": "***", "addresses": [{"city": "Bern"}, {"city": "Oslo", "token": "***"}]},
        "password": "***",
        "count": 3,
    }


def test_a_masked_path_is_masked_there_alone() -> None:
    fields = masked_of(["user.addresses.token", "Payload.Password.New", "error.count"])
    assert masked(PAYLOAD, "payload", fields) == {
        "user": {
            "login": "octocat",
            "Token": "t-1",
            "addresses": [{"city": "Bern"}, {"city": "Oslo", "token": "***"}],
        },
        "password": {"old": "a", "new": "***"},
        "count": 3,
    }


def test_names_and_paths_are_told_apart_by_their_dots() -> None:
    assert masked_of([]) == Masked()
    assert not masked_of([])
    assert masked_of(["Email", "user.Name", "outputs.charge.card"]) == Masked(
        frozenset({"email"}), frozenset({"payload.user.name", "outputs.charge.card"})
    )


@pytest.mark.parametrize("name", ["", " ", " email", "email ", "user.", ".user", "a..b", "*", "user.*", "/user", "$.a"])
def test_what_can_be_no_field_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(ValueError, match=r"empty|blank|\*|dots|path"):
        masked_of(["email", name])


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.integers(), lambda inner: st.dictionaries(KEYS, inner) | st.lists(inner)), st.sets(KEYS))
def test_what_is_masked_is_what_lies_below_a_name_and_nothing_else(tree: Any, names: set[str]) -> None:
    left = [leaf for _, leaf in shallow_first({"payload": masked(tree, "payload", masked_of(names))}) if leaf != "***"]
    shown = [leaf for path, leaf in shallow_first({"payload": tree}) if not names.intersection(path.split("."))]
    assert Counter(left) == Counter(shown)


def test_what_lies_at_or_below_a_covered_path_is_left() -> None:
    assert within(PAYLOAD, "payload", {"payload.user.addresses.city", "payload.count"}) == {
        "user": {"addresses": [{"city": "Bern"}, {"city": "Oslo"}]},
        "count": 3,
    }
    assert within(PAYLOAD, "payload", {"payload.password"}) == {"password": PAYLOAD["password"]}
    assert within(PAYLOAD, "payload", {"payload.use", "outputs.count"}) is None
    assert within(PAYLOAD, "payload", set()) is None
