"""How a batch falls into items, and how an item may be wrapped."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import (
    InvalidBatch,
    InvalidEncoding,
    InvalidEvent,
    InvalidInput,
    InvalidJson,
    TooDeep,
    TooLarge,
    UnknownOption,
)
from headrace.flow.ingest.media import JSON, NDJSON
from headrace.flow.ingest.parse_batch import batch_items, read_item

MAX_DEPTH = 32

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=10,
)
spaces = st.sampled_from(["", " ", "\n", "\r\n", "\t  "])


def items_of(body: bytes, media_type: str = JSON, max_items: int = 1000) -> list[bytes]:
    return list(batch_items(body, media_type, max_items))


@given(st.lists(values, min_size=1), spaces)
def test_the_items_of_an_array_keep_their_very_bytes(items: list[Any], space: str) -> None:
    written = [json.dumps(item, ensure_ascii=False) for item in items]
    body = f"{space}[{space}" + f"{space},{space}".join(written) + f"{space}]{space}"

    assert items_of(body.encode()) == [text.encode() for text in written]


@given(st.lists(values, min_size=1), st.sampled_from(["\n", "\r\n", "\n\n", "\n \r\n"]))
def test_each_line_is_an_item_and_blank_lines_are_none(items: list[Any], line_end: str) -> None:
    written = [json.dumps(item) for item in items]

    assert items_of(line_end.join(written).encode(), NDJSON) == [text.encode() for text in written]
    assert items_of((line_end.join(written) + line_end).encode(), NDJSON) == [text.encode() for text in written]


def test_odd_numbers_and_repeated_keys_are_left_to_the_judge_of_items() -> None:
    items = [b"1e999", b"NaN", b"9" * 6000, b'{"a":1,"a":2}', rb'"\ud800"', rb'"\u0000"']

    assert items_of(b"[" + b",".join(items) + b"]") == items


@pytest.mark.parametrize("body", [b"[", b"[1", b"[1,]", b"[,]", b"[1 2]", b"[1] x", b"", b"{", b"[1]]", b"['a']"])
def test_an_array_that_is_not_json_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        items_of(body)


@pytest.mark.parametrize("body", [b"[]", b" [ ] ", b"{}", b'{"type":"a"}', b"1", b"null"])
def test_a_batch_without_items_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidBatch):
        items_of(body)


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\t\n"])
def test_lines_that_are_all_blank_hold_no_item(body: bytes) -> None:
    with pytest.raises(InvalidBatch):
        items_of(body, NDJSON)


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf[1]", "[1]".encode("utf-16"), "[1]".encode("utf-16-le"), b'["\xff"]'])
def test_an_array_that_is_not_utf_8_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        items_of(body)


@pytest.mark.parametrize(("media_type", "body"), [(JSON, b"[1,2,3]"), (NDJSON, b"1\n2\n3")])
def test_the_number_of_items_is_limited(media_type: str, body: bytes) -> None:
    assert len(items_of(body, media_type, max_items=3)) == 3
    with pytest.raises(TooLarge):
        items_of(body, media_type, max_items=2)


def test_a_bottomless_array_is_refused_whole() -> None:
    with pytest.raises(TooDeep):
        items_of(b"[" * 100_000)


def test_an_item_without_a_wrapper_is_the_event() -> None:
    for item in (b'{"type":"a"}', b'{"event":1,"type":"a"}', b'{"event":{},"other":{}}', b"[1]", b'"event"'):
        assert read_item(item, MAX_DEPTH).event == item


@given(values, spaces)
def test_the_event_in_a_wrapper_keeps_its_very_bytes(event: Any, space: str) -> None:
    text = json.dumps(event)
    body = f'{{{space}"event"{space}:{space}{text}{space},{space}"options":{{}}{space}}}'

    assert read_item(body.encode(), MAX_DEPTH).event == text.encode()
    assert read_item(f'{{"event":{text}}}'.encode(), MAX_DEPTH).event == text.encode()
    assert read_item(f'{{"options":{{}},"event":{text}}}'.encode(), MAX_DEPTH).event == text.encode()


def test_an_option_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownOption) as refused:
        read_item(b'{"event":{},"options":{"priority":5}}', MAX_DEPTH)

    assert [problem.pointer for problem in refused.value.problems] == ["/options/priority"]


@pytest.mark.parametrize("options", [b"[]", b"1", b"null", b'"a"'])
def test_options_that_are_no_object_are_refused(options: bytes) -> None:
    with pytest.raises(InvalidEvent):
        read_item(b'{"event":{},"options":' + options + b"}", MAX_DEPTH)


@pytest.mark.parametrize(
    "item",
    [
        b'{"event":1,"event":2}',
        b'{"event":1,',
        b'{"event":1,[1]:2}',
        b'{"event":1} x',
        b'{"event":"\xff"}',
        b'{"event":' + b"[" * 100_000,
    ],
)
def test_a_broken_wrapper_is_left_to_the_judge_of_items(item: bytes) -> None:
    assert read_item(item, MAX_DEPTH).event == item


@given(st.binary(max_size=30), st.sampled_from([b'{"event":', b'{"options":', b'{"event":{},"options":{', b""]))
def test_any_item_is_taken_or_refused_as_invalid_input(item: bytes, beginning: bytes) -> None:
    with suppress(InvalidInput):
        assert read_item(beginning + item, MAX_DEPTH).event in beginning + item
