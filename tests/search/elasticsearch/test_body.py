"""An entry as JSON."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.search.elasticsearch.body import body_of
from headrace.search.elasticsearch.client import parse_exactly
from tests.search.places import MOMENT, document, id_after, tombstone

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(payload=JSON, indent=st.sampled_from([None, 1]))
def test_any_content_becomes_one_line_and_stays_what_it_is(payload: object, indent: int | None) -> None:
    content = json.dumps({"payload": payload, "outputs": {}}, indent=indent).encode()
    body = body_of(document(content=content), 1, MOMENT)
    assert b"\n" not in body
    assert b"\r" not in body
    assert json.loads(body)["payload"] == payload
    assert parse_exactly(body)["payload"] == parse_exactly(content)["payload"]


@pytest.mark.parametrize("content", [b"{}", b" { } ", b"{\r\n}"])
def test_empty_content_adds_nothing(content: bytes) -> None:
    assert "payload" not in orjson.loads(body_of(document(content=content), 1, MOMENT))


def test_names_become_terms_in_lower_case_beside_those_of_the_content() -> None:
    event_id = id_after()
    body = orjson.loads(body_of(document(event_id, type="Order", key="K:1", terms=("payload.n:1",)), 1, MOMENT))
    assert body["terms"] == ["payload.n:1", f"id:{event_id}", "type:order", "state:succeeded", "key:k:1"]
    assert (body["type"], body["key"]) == ("Order", "K:1")


def test_a_tombstone_says_nothing_of_the_event() -> None:
    event_id = id_after()
    assert orjson.loads(body_of(tombstone(event_id, 5), 9, MOMENT)) == {
        "id": str(event_id),
        "version": 5,
        "batch": 9,
        "gone": "2026-11-12T10:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [(b"1", b"1.0"), (b"1.0", b"1.00"), (b"1e400", b"2e400"), (b"0.1", b"0.10000000000000000001"), (b"1", b'"1"')],
)
def test_numbers_that_are_spelt_otherwise_differ(one: bytes, other: bytes) -> None:
    assert parse_exactly(one) != parse_exactly(other)
    assert parse_exactly(one) == parse_exactly(one)
