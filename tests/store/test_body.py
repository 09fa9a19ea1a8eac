"""The stored form of bodies."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from headrace.store.body import pack, unpack


@given(st.binary(max_size=10_000))
def test_every_body_comes_back_byte_for_byte(body: bytes) -> None:
    assert unpack(pack(body)) == body


def test_a_body_of_much_the_same_is_stored_small() -> None:
    assert len(pack(b'{"type": "a"}' * 1000)) < 200


def test_many_threads_may_pack_at_once() -> None:
    bodies = [bytes([number]) * 50_000 for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda body: unpack(pack(body)), bodies)) == bodies
