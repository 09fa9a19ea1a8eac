"""Bodies are stored compressed (Zstandard, RFC 8878), because Postgres then has less to write and nothing to try."""

import threading

import zstandard

#: Level 1: measured on webhook bodies, higher levels cost more time than their smaller size saves.
LEVEL = 1


class _Codec(threading.local):
    """A compressor and a decompressor may be used by one thread at a time."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_codec = _Codec()


def pack(body: bytes) -> bytes:
    """The stored form of a body."""
    return _codec.compressor.compress(body)


def unpack(stored: bytes) -> bytes:
    """The exact bytes that `pack` was given."""
    return _codec.decompressor.decompress(stored)
