"""What makes an event safe to send twice: a key of the client's, and what came with it."""

import hashlib
import re
from dataclasses import dataclass

from headrace.errors import InvalidIdempotencyKey

#: A key may be this long.
MOST_KEY_CHARACTERS = 255

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The hash of a key, and the hash of what came with it: two requests with both in common are the same one."""

    key_hash: bytes
    body_hash: bytes


def idempotency_of(key: str, path: str, body: bytes) -> Idempotency:
    """The SHA-256 hashes of `key`, and of `body`, decompressed, with the path to which it was sent."""
    # No path has a NUL, so that no two pairs of path and body are the same bytes.
    return Idempotency(
        hashlib.sha256(key.encode()).digest(), hashlib.sha256(b"%b\0%b" % (path.encode(), body)).digest()
    )


def check_key(key: str) -> str:
    """The key itself. Raises InvalidIdempotencyKey for one that is empty, too long, or has control characters."""
    if not 1 <= len(key) <= MOST_KEY_CHARACTERS:
        raise InvalidIdempotencyKey(f"An idempotency key has 1 to {MOST_KEY_CHARACTERS} characters.")
    if _CONTROL_CHARACTER.search(key):
        raise InvalidIdempotencyKey("An idempotency key has no control characters.")
    return key
