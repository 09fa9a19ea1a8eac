"""Reading stored JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.payload import decode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_every_value_is_read_as_python_reads_it(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value


def test_an_integer_keeps_all_its_digits() -> None:
    digits = "123456789012345678901234567890"

    assert decode(f'{{"n": {digits}}}'.encode()) == {"n": int(digits)}
    assert decode(b"18446744073709551616") == 1 << 64


def test_no_depth_is_too_much() -> None:
    nested = decode(b"[" * 250 + b"]" * 250)

    assert json.dumps(nested, separators=(",", ":")) == "[" * 250 + "]" * 250
