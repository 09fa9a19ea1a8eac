"""A context that is stored beside the body of its event reads like one that has the event in it."""

from typing import Annotated, Any, Self

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, PlainSerializer, computed_field, field_serializer, model_serializer, model_validator

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


class WritingFields(Declaring, type="stored.writing-fields"):
    shade: Annotated[str, PlainSerializer(str.upper)] = "red"

    @field_serializer("currency")
    def _in_capitals(self, currency: str) -> str:
        return currency.upper()


class Annotating(Declaring, type="stored.annotating"):
    currency: Annotated[str, PlainSerializer(str.upper)] = "EUR"


class Computing(Declaring, type="stored.computing"):
    @computed_field
    def note(self) -> str:
        return f"{self.amount} {self.currency}"


class Converting(Declaring, type="stored.converting", str_to_lower=True):
    number: int = 7
    shown: bool = False


class Renaming(Declaring, type="stored.renaming"):
    note: str = Field("none", alias="tale", serialization_alias="told")


class Excluding(Declaring, type="stored.excluding"):
    currency: str = Field("EUR", exclude=True)


class Plain(EventSchema, type="stored.plain"):
    number: int = 7
    shown: bool = False


class Moving(EventSchema, type="stored.moving"):
    @model_validator(mode="after")
    def _move(self) -> Self:
        if self.__pydantic_extra__ and self.__pydantic_extra__.pop("deep", 0) != 0:
            self.__pydantic_extra__["moved"] = None
        return self


CLASSES = [
    Plain,
    Moving,
    Declaring,
    Serializing,
    Ignoring,
    Typed,
    WritingFields,
    Annotating,
    Computing,
    Converting,
    Renaming,
    Excluding,
]

#: What the fields of these classes are given: all that they take, and some of what they convert.
FIELDS = {
    "amount": st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False),
    "currency": st.text("aEé ", max_size=3),
    "shade": st.text("aEé ", max_size=3),
    "tale": st.text("aEé ", max_size=3),
    "number": st.integers(-(2**53), 2**53) | st.booleans() | st.sampled_from(["7", 7.0]),
    "shown": st.booleans() | st.sampled_from([0, 1, "yes"]),
}

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
@given(fields=st.fixed_dictionaries({}, optional=FIELDS), more=st.dictionaries(st.sampled_from(["list", "deep"]), JSON))
def test_whatever_the_body_holds_the_event_reads_the_same(
    kind: type[EventSchema], fields: dict[str, Any], more: dict[str, Any]
) -> None:
    body = orjson.dumps({"type": kind.event_type, **fields, **more})

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
