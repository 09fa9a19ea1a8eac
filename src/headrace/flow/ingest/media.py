"""What a request's headers say of its body: its media type, its encoding, and its bytes up to a limit."""

import zlib

from headrace.errors import InvalidEncoding, TooLarge, UnsupportedMediaType

JSON = "application/json"
NDJSON = "application/x-ndjson"

#: Content codings that are undone here; `x-gzip` is the old name of gzip.
_GZIP = frozenset({"gzip", "x-gzip"})
_PLAIN = frozenset({"", "identity"})

#: Tells zlib to expect a gzip header.
_GZIP_WINDOW_BITS = 31


def media_type_of(content_type: str | None, *allowed: str) -> str:
    """Which of `allowed` a Content-Type names. Raises UnsupportedMediaType, also for other charsets."""
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    if media_type not in allowed:
        raise UnsupportedMediaType(f"Send Content-Type: {' or '.join(allowed)}.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("Only the charset utf-8 is read.")
    return media_type


class BodyBuffer:
    """Collects a body that arrives in pieces and inflates it on the way, never holding more than the limit.

    Raises UnsupportedMediaType for a coding other than gzip, TooLarge as soon as `limit_bytes` is passed, and
    InvalidEncoding for what is no gzip stream.
    """

    def __init__(self, limit_bytes: int, content_encoding: str | None = None) -> None:
        coding = (content_encoding or "").strip().lower()
        if coding not in _GZIP | _PLAIN:
            raise UnsupportedMediaType("Only the content coding gzip is read.")
        self._inflater = zlib.decompressobj(_GZIP_WINDOW_BITS) if coding in _GZIP else None
        self._limit_bytes = limit_bytes
        self._received_bytes = 0
        self._kept_bytes = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Take the next piece of the body as it came over the wire."""
        self._received_bytes += len(piece)
        piece = self._inflated(piece)
        self._kept_bytes += len(piece)
        if max(self._received_bytes, self._kept_bytes) > self._limit_bytes:
            raise too_large(self._limit_bytes)
        self._pieces.append(piece)

    def whole(self) -> bytes:
        """The body, inflated. Call it after the last piece."""
        if self._inflater is not None and not self._inflater.eof:
            raise InvalidEncoding("The gzip stream ends too early.")
        return b"".join(self._pieces)

    def _inflated(self, piece: bytes) -> bytes:
        if self._inflater is None:
            return piece
        try:
            inflated = self._inflater.decompress(piece, self._limit_bytes - self._kept_bytes + 1)
        except zlib.error:
            raise InvalidEncoding("The body is not a gzip stream.") from None
        if self._inflater.unused_data:
            raise InvalidEncoding("Something follows the gzip stream.")
        return inflated


def too_large(limit_bytes: int) -> TooLarge:
    """The error that names the limit."""
    return TooLarge(f"The body may have {limit_bytes} bytes, counted after inflating.")
