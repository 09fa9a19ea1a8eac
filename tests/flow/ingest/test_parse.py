"""What the door takes for JSON, and what it says of the rest."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import (
    DuplicateKey,
    ForbiddenCharacter,
    InvalidEncoding,
    InvalidEvent,
    InvalidInput,
    InvalidJson,
    NumberOutOfRange,
    TooDeep,
)
from headrace.flow.ingest.parse import parse_object, parse_value, type_of

MAX_DEPTH = 32


def parse(body: bytes) -> dict[str, Any]:
    return parse_object(body, max_depth=MAX_DEPTH)


def nested_objects(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def nested_arrays(levels: int) -> bytes:
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


storable_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | storable_text,
    lambda children: st.lists(children) | st.dictionaries(storable_text, children),
    max_leaves=20,
)
json_objects = st.dictionaries(storable_text, json_values)
writers = st.sampled_from(
    [
        {},
        {"ensure_ascii": False},
        {"indent": 2},
        {"separators": (",", ":")},
        {"separators": (",", ":"), "ensure_ascii": False},
    ]
)


@given(json_objects, writers)
def test_an_object_comes_back_equal_however_it_was_written(value: dict[str, Any], writer: dict[str, Any]) -> None:
    parsed = parse(json.dumps(value, **writer).encode())

    assert parsed == value
    assert json.dumps(parsed) == json.dumps(value), "1, 1.0 and true are told apart"


@given(st.binary())
def test_random_bytes_are_refused_as_invalid_input_or_parsed(body: bytes) -> None:
    with suppress(InvalidInput):
        parse(body)


@given(st.text(st.sampled_from('{}[]",:\\u0d8bfe1-+.E \n\x00\ufeffNaNtrue'), max_size=40))
def test_texts_that_are_nearly_json_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        value = parse_value(text.encode(), max_depth=MAX_DEPTH)
    except InvalidInput:
        return
    assert json.dumps(value) == json.dumps(json.loads(text))


@given(json_objects, st.integers(0, 3))
def test_a_text_without_its_end_is_not_json(value: dict[str, Any], ending: int) -> None:
    whole = json.dumps({"first": value}).encode()

    with pytest.raises(InvalidJson):
        parse(whole[: len(whole) - 1 - ending])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n ",
        b"{",
        b"{}x",
        b"{} {}",
        b'{"a":1,}',
        b'{"a":[1,]}',
        b"{'a':1}",
        b'{"a":1} // why',
        b'/* why */{"a":1}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":"\n"}',
        b'{"a":"\\x41"}',
        b"{a:1}",
        b'{"a":True}',
        b"undefined",
    ],
)
def test_what_is_not_json_is_called_so(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse(body)


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"-0.5", b"null", b"true", b'[{"type":"a"}]'])
def test_json_that_is_no_object_is_no_event(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        '{"a":1}'.encode("utf-16-be"),
        '{"a":1}'.encode("utf-32"),
        '{"a":"é"}'.encode("latin-1"),
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\xf4\x90\x80\x80"}',
    ],
)
def test_only_utf_8_without_a_mark_is_read(body: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":3}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":[{"b":1},{"c":1,"c":1}]}',
        b'{"a":1,"\\u0061":2}',
        b'{"":1,"":2}',
        b'{"a":18446744073709551616,"a":1}',
    ],
)
def test_a_key_twice_in_one_object_is_refused(body: bytes) -> None:
    with pytest.raises(DuplicateKey):
        parse(body)


def test_the_same_key_in_two_objects_is_fine() -> None:
    assert parse(b'{"a":{"a":1},"b":[{"a":2},{"a":3}]}') == {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}


@given(json_objects, storable_text, json_values, json_values)
def test_a_repeated_key_is_found_anywhere(others: dict[str, Any], key: str, first: Any, second: Any) -> None:
    twice = f"{{{json.dumps(key)}:{json.dumps(first)},{json.dumps(key)}:{json.dumps(second)}}}"

    with pytest.raises(DuplicateKey):
        parse(f'{{"others":{json.dumps(others)},"twice":[{twice}]}}'.encode())


@pytest.mark.parametrize(
    "body",
    [
        rb'{"a":"\u0000"}',
        rb'{"\u0000":1}',
        rb'{"a":"\\\u0000"}',
        rb'{"a":["x\\\\\u0000"]}',
        rb'{"a":"\ud800"}',
        rb'{"a":"\udc00"}',
        rb'{"a":"\ude00\ud83d"}',
        rb'{"a":"\ud83d x \ude00"}',
        rb'{"\uDBFF":1}',
    ],
)
def test_characters_that_cannot_be_stored_are_refused(body: bytes) -> None:
    with pytest.raises(ForbiddenCharacter):
        parse(body)


def test_text_that_only_looks_like_an_escape_is_kept() -> None:
    assert parse(rb'{"a":"\\u0000","b":"\\\\ud800","c":"\ud83d\ude00"}') == {
        "a": r"\u0000",
        "b": r"\\ud800",
        "c": "\U0001f600",
    }


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1" * 5000, "-" + "1" * 5000, "9" * 310, "1" + "0" * 400 + ".5", "1.8e308"]
)
def test_numbers_beyond_a_double_are_refused(number: str) -> None:
    with pytest.raises(NumberOutOfRange):
        parse(f'{{"a":[{number}]}}'.encode())


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**18 + 1, 10**25, 10**308])
def test_long_integers_stay_exact(number: int) -> None:
    assert parse(f'{{"a":{number}}}'.encode()) == {"a": number}


@pytest.mark.parametrize("nested", [nested_objects, nested_arrays])
@pytest.mark.parametrize("levels", [33, 34, 900, 1_000, 1_025, 100_000])
def test_more_levels_than_allowed_are_refused(nested: Any, levels: int) -> None:
    with pytest.raises(TooDeep):
        parse(nested(levels))


@pytest.mark.parametrize("nested", [nested_objects, nested_arrays])
def test_the_last_allowed_level_is_parsed(nested: Any) -> None:
    assert json.dumps(parse(nested(32)), separators=(",", ":")).encode() == nested(32)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"a":[', b"[[],", b'[{"a":{}},'])
def test_depth_without_an_end_is_refused_as_depth(opening: bytes) -> None:
    with pytest.raises(TooDeep):
        parse(opening * 50_000)


def depth_of(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case list():
            return 1 + max(map(depth_of, value), default=0)
        case _:
            return 0


brackets_in_text = st.text(st.sampled_from('[]{}"\\:,a'))
crowded_values = st.recursive(
    brackets_in_text | st.none(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(brackets_in_text, children, max_size=3),
    max_leaves=12,
)


@given(crowded_values, st.integers(1, 6), writers)
def test_the_depth_is_exact_whatever_strings_hold(value: Any, levels: int, writer: dict[str, Any]) -> None:
    body = json.dumps(value, **writer).encode()

    if depth_of(value) > levels:
        with pytest.raises(TooDeep):
            parse_value(body, max_depth=levels)
    else:
        assert parse_value(body, max_depth=levels) == value


@pytest.mark.parametrize("name", ["a", "ticket.opened", "github.push", "A-1_b:c/d", "t" * 200])
def test_a_usable_type_is_returned(name: str) -> None:
    assert type_of({"type": name}) == name


@pytest.mark.parametrize("name", [None, "", 1, ["a"], "a b", "a\n", "t" * 201, "é", "<b>"])
def test_an_unusable_type_is_pointed_at(name: Any) -> None:
    with pytest.raises(InvalidEvent) as refused:
        type_of({"type": name})

    assert [problem.pointer for problem in refused.value.problems] == ["/type"]
