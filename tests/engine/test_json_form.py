import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from headrace.domain.payload import decode
from headrace.engine.json_form import may_have_json_form, plain_json, to_json


class Colour(Enum):
    RED = "red"


class Person(BaseModel):
    family_name: str = Field(default="Ito", alias="familyName")


class Measured(BaseModel):
    metres: float


@dataclass
class Point:
    x: float


class Plain:
    pass


class Base:
    pass


class Derived(Base):
    pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"null"),
        ({"a": [1, True, "é"]}, '{"a":[1,true,"é"]}'.encode()),
        (Person(), b'{"family_name":"Ito"}'),
        (Point(1.5), b'{"x":1.5}'),
        (datetime(2026, 1, 2, tzinfo=UTC), b'"2026-01-02T00:00:00Z"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (Decimal("1.50"), b'"1.50"'),
        (Colour.RED, b'"red"'),
        ({7}, b"[7]"),
        (10**30, b"1" + b"0" * 30),
        ("NaN and Infinity", b'"NaN and Infinity"'),
        ("a backslash: \\u0000", b'"a backslash: \\\\u0000"'),
    ],
)
def test_what_has_a_json_form_is_written(value: object, expected: bytes) -> None:
    assert to_json(value) == expected


@pytest.mark.parametrize(
    "make",
    [
        Plain,
        lambda: {"deep": [Plain()]},
        lambda: math.nan,
        lambda: [1.0, -math.inf],
        lambda: Point(math.nan),
        lambda: [Measured(metres=math.nan)],
        lambda: {"far": Measured(metres=math.inf)},
        lambda: {"text": "NaN", "number": math.inf},
        lambda: "\ud800",
        lambda: {"\udfff": 1},
        lambda: "a\0b",
        lambda: {"\\\0": 1},
        lambda: b"\xff",
        lambda: iter([1]),
        lambda: print,
        lambda: 10**4300,
        lambda: {"n": [1, 10**4300]},
        lambda: ["7" * 5000, -(10**4300)],
    ],
)
def test_what_has_none_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_json(make())


@pytest.mark.parametrize("value", [{"n": 10**4299}, ["7" * 9000], {"7" * 9000: [10**4299] * 3}])
def test_what_has_many_digits_is_written_if_it_can_be_read_again(value: object) -> None:
    assert decode(to_json(value)) == value


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="Circular"):
        to_json(loop)


@given(st.text())
def test_every_text_is_written_or_refused_but_never_with_a_nul(text: str) -> None:
    if "\0" in text:
        with pytest.raises(ValueError, match=r"U\+0000"):
            to_json(text)
    else:
        assert to_json(text).decode().startswith('"')


@pytest.mark.parametrize("kind", [dict, str, Person, Point, Colour, UUID, object, Any, Base, list[int], None])
def test_a_type_may_have_a_json_form(kind: object) -> None:
    assert may_have_json_form(kind)


@pytest.mark.parametrize("kind", [Plain, Derived])
def test_a_type_has_certainly_none(kind: object) -> None:
    assert not may_have_json_form(kind)


#: All but U+0000 and lone surrogates.
WRITABLE = st.characters(exclude_characters="\0", exclude_categories=["Cs"])


@given(st.none() | st.booleans() | st.integers() | st.text(WRITABLE))
def test_a_scalar_alone_is_written_as_within_a_list(value: object) -> None:
    assert b"[" + to_json(value) + b"]" == to_json([value])


TIMES = {"at": st.datetimes(timezones=st.just(UTC)), "milliseconds": st.floats(0, 1e6), "error": st.text(WRITABLE)}


@given(st.dictionaries(st.text(WRITABLE, max_size=3), st.fixed_dictionaries({}, optional=TIMES)))
def test_what_is_plain_is_written_the_same(value: object) -> None:
    assert plain_json(value) == to_json(value)
