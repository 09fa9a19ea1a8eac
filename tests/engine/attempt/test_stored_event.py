"""A context that is stored beside the body of its event reads like one that has the event in it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import model_serializer

from headrace.domain.clock import utc_now
from headrace.domain.contexts import BEYOND_BODY, whole_context
from headrace.domain.payload import decode
from headrace.engine import EventSchema, Pipeline
from headrace.engine.attempt.journal import Journal
from headrace.settings import remember_secret


class Declaring(EventSchema, type="stored.declaring"):
    amount: float = 1.0
    currency: str = "EUR"


class Serializing(Declaring, type="stored.serializing"):
    @model_serializer
    def _own(self) -> dict[str, Any]:
        return {"type": self.type, "total": self.amount}


class Ignoring(Declaring, type="stored.ignoring", extra="ignore"):
    pass


class Typed(Declaring, type="stored.typed"):
    __pydantic_extra__: dict[str, Any]


CLASSES = [Declaring, Serializing, Ignoring, Typed]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé"\\ '),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text("ab", min_size=1), values, max_size=3),
    max_leaves=8,
)


def context_of(kind: type[EventSchema], body: bytes, *, beside: bool) -> tuple[bytes, bytes]:
    """What is stored of a run before its first node, and that as it is read."""
    data = decode(body)
    journal = Journal(Pipeline("stored", kind, register=False).plan, kind.model_validate(data), utc_now())
    if beside:
        journal.write_event(body, data)
    else:
        journal.write_event()
    stored = journal.to_json()
    return stored, whole_context(stored, body)


@pytest.mark.parametrize("kind", CLASSES)
@given(more=st.dictionaries(st.sampled_from(["amount", "note", "list", "deep"]), JSON))
def test_whatever_the_body_holds_the_event_reads_the_same(kind: type[EventSchema], more: dict[str, Any]) -> None:
    if not isinstance(more.get("amount", 1), (int, float)):
        del more["amount"]
    body = orjson.dumps({"type": kind.event_type, **more})

    _, read = context_of(kind, body, beside=True)
    _, whole = context_of(kind, body, beside=False)

    assert decode(read)["event"] == decode(whole)["event"]


def test_what_the_class_does_not_declare_is_not_stored_again() -> None:
    body = b'{"type":"stored.declaring","amount":2.0,"note":{"long":[1,2,3]}}'

    stored, _ = context_of(Declaring, body, beside=True)

    assert decode(stored)[BEYOND_BODY] == {"currency": "EUR"}


def test_a_secret_in_the_body_is_masked_in_the_context() -> None:
    remember_secret("hunter2-of-the-stored-event")
    body = b'{"type":"stored.declaring","note":"hunter2-of-the-stored-event"}'

    _, read = context_of(Declaring, body, beside=True)

    assert decode(read)["event"]["note"] == "***"
