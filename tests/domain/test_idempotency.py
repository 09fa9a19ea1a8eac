"""Keys that can be taken, and what is the same request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.idempotency import check_key, idempotency_of
from headrace.errors import InvalidIdempotencyKey


@pytest.mark.parametrize("key", ["k", "x" * 255, "ä" * 255, "an order, no. 7 \N{SNOWMAN}", '"quoted"'])
def test_a_key_is_any_short_text(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\nb", "\0", "a\x7f", "a\x85b"])
def test_other_keys_are_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(InvalidIdempotencyKey) as refused:
        check_key(key)
    assert not key or key not in refused.value.detail


@given(*[st.tuples(st.text(), st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.binary())] * 2)
def test_hashes_are_equal_where_keys_are_and_where_path_and_body_are(
    one: tuple[str, str, bytes], other: tuple[str, str, bytes]
) -> None:
    first, second = idempotency_of(*one), idempotency_of(*other)

    assert (first.key_hash == second.key_hash) == (one[0] == other[0])
    assert (first.body_hash == second.body_hash) == (one[1:] == other[1:])
    assert first == idempotency_of(*one)


def test_path_and_body_are_told_apart_where_they_meet() -> None:
    assert idempotency_of("k", "/events", b"1").body_hash != idempotency_of("k", "/event", b"s1").body_hash
