"""Media types, content codings and the limit on what they unfold to."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InvalidEncoding, TooLarge, UnsupportedMediaType
from headrace.flow.ingest.media import JSON, NDJSON, BodyBuffer, media_type_of

LIMIT_BYTES = 1000


def read(wire: bytes, coding: str | None = None, piece_bytes: int = 7) -> bytes:
    buffer = BodyBuffer(LIMIT_BYTES, coding)
    for start in range(0, len(wire), piece_bytes):
        buffer.add(wire[start : start + piece_bytes])
    return buffer.whole()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        " application/json ",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; profile=x",
    ],
)
def test_json_in_utf_8_is_read(content_type: str) -> None:
    assert media_type_of(content_type, JSON, NDJSON) == JSON


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/cloudevents+json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/x-ndjson",
    ],
)
def test_other_media_types_are_refused(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        media_type_of(content_type, JSON)


@given(st.binary(max_size=LIMIT_BYTES), st.integers(1, 400))
def test_a_body_comes_back_whole_however_it_arrives(body: bytes, piece_bytes: int) -> None:
    assert read(body, None, piece_bytes) == body
    assert read(body, "identity", piece_bytes) == body


@given(st.text(max_size=LIMIT_BYTES // 4), st.integers(1, 400), st.sampled_from(["gzip", "GZip", "x-gzip"]))
def test_gzip_is_inflated_however_it_arrives(text: str, piece_bytes: int, coding: str) -> None:
    wire = gzip.compress(text.encode())

    assert read(wire, coding, piece_bytes) == text.encode()


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "gzip, br", "*"])
def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        BodyBuffer(LIMIT_BYTES, coding)


@pytest.mark.parametrize("piece_bytes", [1, 999, 1000, 1001, 5000])
def test_the_limit_is_exact(piece_bytes: int) -> None:
    assert len(read(b"x" * LIMIT_BYTES, None, piece_bytes)) == LIMIT_BYTES
    assert len(read(gzip.compress(b"x" * LIMIT_BYTES), "gzip", piece_bytes)) == LIMIT_BYTES
    with pytest.raises(TooLarge):
        read(b"x" * (LIMIT_BYTES + 1), None, piece_bytes)
    with pytest.raises(TooLarge):
        read(gzip.compress(b"x" * (LIMIT_BYTES + 1)), "gzip", piece_bytes)


def test_a_gzip_bomb_is_stopped_by_its_first_pieces() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    buffer = BodyBuffer(LIMIT_BYTES, "gzip")

    with pytest.raises(TooLarge):
        buffer.add(bomb[:500])


def test_gzip_that_unfolds_to_nothing_for_ever_is_stopped() -> None:
    packer = zlib.compressobj(wbits=31)
    empty_blocks = packer.compress(b"") + b"".join(packer.flush(zlib.Z_FULL_FLUSH) for _ in range(LIMIT_BYTES))
    empty_blocks += b"\x00\x00\x00\xff\xff" * LIMIT_BYTES

    with pytest.raises(TooLarge):
        read(empty_blocks, "gzip")


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"{}",
        b"\x1f\x8b",
        gzip.compress(b"{}", mtime=0)[:-1],
        gzip.compress(b"{}", mtime=0) + b"x",
        zlib.compress(b"{}"),
    ],
)
def test_what_is_no_single_whole_gzip_stream_is_refused(wire: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        read(wire, "gzip")
