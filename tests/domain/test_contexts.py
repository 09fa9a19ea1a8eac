"""Contexts are stored without what the event's body says, and read with it."""

import json
from typing import Any

import orjson
import pytest

from headrace.domain.contexts import BEYOND_BODY, beyond_body, whole_context, with_event

DATA = {"type": "paid", "amount": 1, "nested": {"b": [1, 2.5], "a": None}}


@pytest.mark.parametrize(
    ("event", "beyond"),
    [
        (DATA, {}),
        ({**DATA, "currency": "EUR"}, {"currency": "EUR"}),
        ({**DATA, "amount": 1.0}, {"amount": 1.0}),
        ({**DATA, "amount": True}, {"amount": True}),
        ({**DATA, "nested": {"b": [1, 2.5], "a": 0}}, {"nested": {"b": [1, 2.5], "a": 0}}),
        ({"type": "paid"}, None),
    ],
)
def test_only_what_the_body_has_not_or_has_otherwise_is_kept(
    event: dict[str, Any], beyond: dict[str, Any] | None
) -> None:
    found = beyond_body(event, DATA)
    assert json.dumps(found) == json.dumps(beyond)
    if found is not None:
        stored = {BEYOND_BODY: found, "nodes": {}, "metadata": {}}
        assert json.dumps(with_event(stored, json.dumps(DATA).encode())["event"]) == json.dumps({**DATA, **event})


def test_integers_of_any_length_are_told_apart() -> None:
    assert beyond_body({"big": 2**70}, {"big": 2**70}) == {}
    assert beyond_body({"big": 2**70}, {"big": 2**70 + 1}) == {"big": 2**70}
    whole = whole_context(b'{"beyond_body":{},"nodes":{"n":1}}', str({"big": 2**70}).replace("'", '"').encode())
    assert json.loads(whole) == {"event": {"big": 2**70}, "nodes": {"n": 1}}


@pytest.mark.parametrize("stored", [b'{"event":{"a":1},"nodes":{}}', b'{"nodes":{"total":1}}', b"null", b"[1]"])
def test_what_has_its_event_or_is_no_context_stays_as_it_is(stored: bytes) -> None:
    assert whole_context(stored, b'{"type":"paid"}') == stored
    assert with_event(orjson.loads(stored), b'{"type":"paid"}') == orjson.loads(stored)
